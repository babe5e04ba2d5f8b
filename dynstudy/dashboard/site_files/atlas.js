// What moves the image of an atlas, and the numbers of what is under the pointer.
import { box, canvas, draw, inImage, keepInside, least, now, onScreen, section, tileOf, within, zoom } from "./atlas_image.js";

async function ask(address) {
  const answer = await fetch(address), content = await answer.json();
  if (!answer.ok) throw new Error(content.problem);
  return content;
}

function latest(element, show) { // asks for one thing at a time, and then for what was wanted last
  let wanted, shown, busy = false;
  return async (address) => {
    wanted = address;
    element.classList.toggle("waiting", shown !== wanted || busy);
    if (busy) return;
    busy = true;
    while (shown !== wanted) {
      shown = wanted;
      try {
        show(await ask(shown));
      } catch (error) {
        show({ problem: error.message });
      }
    }
    busy = false;
    element.classList.remove("waiting");
  };
}

function list(element, heading, rows, link) { // texts alone: nothing is read as HTML
  const title = Object.assign(document.createElement("h2"), { textContent: heading });
  const names = document.createElement("dl");
  for (const [name, text] of rows) {
    names.append(...[["dt", name], ["dd", text]].map(([tag, textContent]) =>
      Object.assign(document.createElement(tag), { textContent })));
  }
  element.replaceChildren(title, names, ...(link ? [Object.assign(document.createElement("a"), link)] : []));
}

const pixelElement = document.getElementById("pixel"), tileElement = document.getElementById("tile");
const showPixel = latest(pixelElement, (pixel) => {
  if (pixel.problem) return list(pixelElement, pixel.problem, []);
  const rows = [...Object.entries(pixel.at), ["seed", pixel.seed]];
  if (pixel.diverged !== null) rows.push(["diverged", `at step ${pixel.diverged}`]);
  rows.push(...Object.entries(pixel.measures).filter(([, text]) => text));
  list(pixelElement, pixel.trained ? "Network" : "Network, not trained yet", rows);
});
const showTile = latest(tileElement, (tile) => {
  if (tile.problem) return list(tileElement, tile.problem, []);
  const rows = [["label", tile.label], [tile.gain.includes("[") ? "mean gain [95 %]" : "mean gain", tile.gain], ["mean accuracy", tile.accuracy], ["networks", tile.networks]];
  const study = section.dataset.address.match(/\d+/)[0];
  const href = `/dashboard/studies/${study}/trials?numbers=${tile.trial}`;
  list(tileElement, "Its tile", rows.filter(([, text]) => text !== ""),
    tile.trial !== null && { href, textContent: `Trial ${tile.trial} in Optuna’s dashboard` });
});

function point(at) {
  const { x, y } = at;
  if (x < 0 || y < 0 || x >= now.atlas.right.pixels || y >= now.atlas.upwards.pixels) return;
  now.cursor = at;
  const column = Math.floor(x), row = Math.floor(y), tile = tileOf(column, row);
  const address = `${section.dataset.address}/${now.atlas.version}`;
  showPixel(`${address}/pixels/${column}/${now.atlas.upwards.pixels - 1 - row}.json`);
  showTile(`${address}/tiles/${tile.column}/${tile.row}.json`);
  draw();
}

function hold(whether) {
  now.held = whether;
  section.classList.toggle("held", now.held);
  draw();
}

const fingers = new Map();
let moved = 0;
const between = () => {
  const [a, b = a] = [...fingers.values()];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
};
const pressed = (event) => fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });

function listen() {
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!fingers.size) moved = 0;
    pressed(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) {
      if (!now.held) point(inImage(event.offsetX, event.offsetY));
      return;
    }
    const before = between();
    pressed(event);
    const after = between();
    moved += Math.hypot(after.x - before.x, after.y - before.y) + Math.abs(after.apart - before.apart);
    now.view.x -= (after.x - before.x) / now.view.scale;
    now.view.y -= (after.y - before.y) / now.view.scale;
    keepInside();
    zoom(before.apart && after.apart ? after.apart / before.apart : 1, after.x, after.y);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!fingers.delete(event.pointerId) || fingers.size) return;
    const tapped = moved < 5, touch = event.pointerType === "touch"; // which never only points
    if (touch ? tapped : !now.held) point(inImage(event.offsetX, event.offsetY));
    if (tapped && !touch) hold(!now.held);
  });
  canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
  canvas.addEventListener("wheel", (event) => {
    if (event.deltaY > 0 && now.view.scale <= least()) return; // it is all there: the page scrolls
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), event.offsetX, event.offsetY);
    if (!now.held) point(inImage(event.offsetX, event.offsetY)); // at an edge another one came there
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && press(event.key, event.shiftKey)) event.preventDefault();
  });
  for (const button of section.querySelectorAll(".zoom button")) {
    button.addEventListener("click", () => press(button.dataset.key));
  }
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function press(key, one) { // where there is nowhere to go for the image, what is pointed at moves in it
  const { width, height } = box(), middle = onScreen(now.cursor?.x ?? now.view.x, now.cursor?.y ?? now.view.y);
  if (ARROWS[key]) {
    const [right, down] = ARROWS[key], step = one ? 1 : Math.min(width, height) / 8 / now.view.scale;
    const at = now.cursor ?? { x: now.view.x, y: now.view.y };
    now.view.x += right * step;
    now.view.y += down * step;
    keepInside();
    hold(false);
    point({
      x: within(at.x + right * step, 0, now.atlas.right.pixels - 0.5),
      y: within(at.y + down * step, 0, now.atlas.upwards.pixels - 0.5),
    });
  } else if (key === "+" || key === "=") zoom(1.5, ...middle);
  else if (key === "-") zoom(1 / 1.5, ...middle);
  else if (key === "0" || key === "Home") zoom(0, ...middle);
  else if (key === "Enter" && now.cursor) hold(!now.held);
  else if (key === "Escape" && now.held) hold(false);
  else return false;
  return true;
}

function choose(name) {
  now.layer = now.atlas.layers.find((one) => one.name === name);
  for (const button of section.querySelectorAll(".layers button")) {
    button.setAttribute("aria-pressed", String(button.dataset.name === name));
  }
  const [low, high] = section.querySelectorAll(".colours span");
  low.textContent = now.layer.low.toPrecision(3);
  high.textContent = now.layer.high.toPrecision(3);
  section.querySelector(".colours b").textContent = now.layer.title;
  section.querySelector(".colours i").style.background = `linear-gradient(90deg, ${now.layer.colours})`;
  draw();
}

function begin(described) {
  now.atlas = described;
  const all = now.atlas.right.pixels * now.atlas.upwards.pixels;
  pixelElement.textContent = "";
  if (!now.atlas.layers.length) {
    section.classList.add("nothing");
    pixelElement.textContent = "No network of it is trained yet.";
    return;
  }
  const count = (number) => number.toLocaleString("en").replaceAll(",", " ");
  document.getElementById("state").textContent = `${count(now.atlas.recorded)} of ${count(all)} pixels are trained. ` +
    (now.atlas.recorded < all ? "Coarse pixels stand for their neighbourhoods; load the page again for more. " : "") +
    "Drag or arrow keys move it (Shift: by a network), the wheel, + and − zoom, 0 shows all; a click or Enter holds the numbers.";
  for (const { name, title } of now.atlas.layers) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: title });
    button.dataset.name = name;
    button.addEventListener("click", () => choose(name));
    section.querySelector(".layers").append(button);
  }
  canvas.style.aspectRatio = `${now.atlas.right.pixels} / ${now.atlas.upwards.pixels}`;
  now.view = { x: now.atlas.right.pixels / 2, y: now.atlas.upwards.pixels / 2, scale: 0 };
  keepInside();
  listen();
  choose(now.atlas.layers[0].name);
  new ResizeObserver(() => { keepInside(); draw(); }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

ask(`${section.dataset.address}.json`).then(begin).catch((error) => {
  pixelElement.textContent = `This atlas cannot be read: ${error.message}`;
});
