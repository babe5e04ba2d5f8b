"use strict";
// What takes a while is fetched when it comes into view.
function whenSeen(selector, read, show, failure, options) {
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      fetch(target.dataset.load)
        .then((answer) => (answer.ok ? read(answer) : Promise.reject(answer.status)))
        .then((content) => show(target, content))
        .catch(() => { target.textContent = failure; });
    }
  }, options);
  document.querySelectorAll(selector).forEach((place) => seen.observe(place));
}
