/* A call's page: the clock of a live call, the end of a growing transcript, the lines
   that play. */

import "./player.js";

const NEAR = 48;
const turns = () => document.querySelector(".turns.live");
let wasAtEnd = true;

/* Watch where the reader is, for a morph does not say before it happens. */
document.addEventListener(
  "scroll",
  ({ target }) => {
    if (target !== turns()) return;
    wasAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR;
  },
  { capture: true, passive: true },
);

function follow() {
  if (wasAtEnd && turns()) turns().scrollTop = turns().scrollHeight;
}

function two(number) {
  return String(number).padStart(2, "0");
}

/* The server says when it was answered; its clock and ours may differ a little. */
function tick() {
  for (const clock of document.querySelectorAll("[data-since]")) {
    const since = Date.parse(clock.dataset.since);
    const seconds = Math.max(0, Math.floor((Date.now() - since) / 1000));
    clock.textContent = `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  }
}

document.addEventListener("polled", () => {
  tick();
  follow();
});
setInterval(tick, 1000);
tick();
follow();

/* --- lines and the player */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-seek]");
  const player = document.getElementById("player");
  if (!button || !player) return;
  player.currentTime = Number(button.dataset.seek) / 1000;
  player.play();
});

document.addEventListener(
  "timeupdate",
  ({ target }) => {
    if (target.id !== "player") return;
    const now = target.currentTime * 1000;
    const all = [...document.querySelectorAll(".turn[data-start]")];
    const current = all.filter((turn) => Number(turn.dataset.start) <= now).at(-1);
    for (const turn of all) turn.classList.toggle("cur", turn === current);
  },
  { capture: true },
);
