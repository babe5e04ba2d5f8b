"use strict";
// Cards of studies that were not published are made when they come into view.
whenSeen(
  "[data-load]",
  (answer) => answer.text(),
  (card, text) => { card.innerHTML = text; },
  "cannot be read; dynstudy show says why",
);

const rows = [...document.querySelectorAll("tr[data-words]")];
document.getElementById("search")?.addEventListener("input", ({ target }) => {
  const words = target.value.toLowerCase().split(/\s+/);
  for (const row of rows) {
    const text = row.dataset.words.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});
