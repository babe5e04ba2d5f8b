"use strict";
// Figures are drawn when they come into view, in the colours that the reader's system asks for.
const dark = matchMedia("(prefers-color-scheme: dark)");
const figures = new Map();

function draw(place) {
  const { data: traces, layout } = structuredClone(figures.get(place));
  // numbers in cells only where there is room for them
  const room = (trace) => trace.mode !== "text" || place.clientWidth > 90 * new Set(trace.x).size;
  const data = traces.filter(room);
  const text = getComputedStyle(document.body).color;
  const grid = dark.matches ? "#333" : "#e6e6e6";
  const axis = { color: text, gridcolor: grid, linecolor: grid, zerolinecolor: grid };
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    Object.assign(layout[name], axis);
  }
  Object.assign(layout, {
    autosize: true,
    font: { ...layout.font, color: text, family: "Roboto, Helvetica, Arial, sans-serif", size: 13 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: layout.plot_bgcolor ? (dark.matches ? "#555" : layout.plot_bgcolor) : "rgba(0,0,0,0)",
  });
  for (const trace of data) {
    if (dark.matches && trace.line?.color === "black" && !place.id.startsWith("map-")) trace.line.color = text;
  }
  const options = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
  Plotly.react(place, data, layout, options);
}

const drawSeen = (selector) => whenSeen(
  selector,
  (answer) => answer.json(),
  (place, figure) => { figures.set(place, figure); draw(place); },
  "This figure cannot be drawn.",
  { rootMargin: "400px" },
);
drawSeen(".plot");
// What an atlas in training has come to is worked out when it comes into view.
whenSeen(
  ".findings",
  (answer) => answer.text(),
  (findings, html) => { findings.innerHTML = html; drawSeen(".findings .plot"); },
  "What was found cannot be read; dynstudy show says why.",
);
dark.addEventListener("change", () => figures.forEach((_, place) => draw(place)));
