"use strict";
// In Optuna's pages: the way to ours, and the reason of a refusal, which they do not show.
const way = document.createElement("a");
way.id = "dynstudy-way";
function point() {
  const study = location.pathname.match(/^\/dashboard\/studies\/(\d+)/);
  way.href = study ? `/studies/${study[1]}` : "/";
  way.textContent = study ? "Map of this study" : "Maps of all studies";
}
way.addEventListener("mouseenter", point);
way.addEventListener("focus", point);
setInterval(point, 500); // their pages change without being loaded
point();
document.body.append(way);

function say(reason) {
  document.getElementById("dynstudy-refused")?.remove();
  const box = document.createElement("div");
  box.id = "dynstudy-refused";
  box.setAttribute("role", "alert");
  box.textContent = `Refused: ${reason}`;
  document.body.append(box);
  setTimeout(() => box.remove(), 15000);
}

const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (...body) {
  this.addEventListener("load", () => {
    if (this.status !== 403) return;
    try {
      say((typeof this.response === "object" ? this.response : JSON.parse(this.response)).reason);
    } catch {
      say("this dashboard does not allow it");
    }
  });
  return send.apply(this, body);
};
