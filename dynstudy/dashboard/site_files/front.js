"use strict";
// Cards of studies that were not published are made when they come into view.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    fetch(target.dataset.load)
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
      .then((text) => { target.innerHTML = text; })
      .catch(() => { target.textContent = "cannot be read; dynstudy show says why"; });
  }
});
document.querySelectorAll("[data-load]").forEach((cell) => seen.observe(cell));

const rows = [...document.querySelectorAll("tr[data-words]")];
document.getElementById("search")?.addEventListener("input", ({ target }) => {
  const words = target.value.toLowerCase().split(/\s+/);
  for (const row of rows) {
    const text = row.dataset.words.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});
