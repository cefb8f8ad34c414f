/* A call's page, alone or beside the list: the clock of a live call, its keys, notes. */

import "./player.js";
import { toast } from "./toasts.js";
import { neighbour } from "./trail.js";
import { begin, currentTurn, refresh, step } from "./transcript.js";

const NEAR = 48;
const JUMP = 5;
const live = () => document.querySelector(".turns.live");
let wasAtEnd = true;
let shown;

/* --- while it goes on */
/* Watch where the reader is, for a morph does not say before it happens. */
document.addEventListener(
  "scroll",
  ({ target }) => {
    if (target !== live()) return;
    wasAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR;
  },
  { capture: true, passive: true },
);

function followEnd() {
  if (wasAtEnd && live()) live().scrollTop = live().scrollHeight;
}

/* The server says when it was answered; its clock and ours may differ a little. */
function tick() {
  for (const clock of document.querySelectorAll("[data-since]")) {
    const since = Date.parse(clock.dataset.since);
    const seconds = Math.max(0, Math.floor((Date.now() - since) / 1000));
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}

/* --- what is shown changed, or is another call */
function look() {
  tick();
  followEnd();
  trail();
  const call = document.getElementById("live")?.dataset.href;
  if (call === shown) return refresh();
  shown = call;
  openNamed();
  const seconds = document.getElementById("pane")?.dataset.t;
  begin(seconds ? `#t=${seconds}` : location.hash);
}

/* A link to one webhook unfolds it. */
function openNamed() {
  const named = /^#event-\d+$/.test(location.hash) && document.querySelector(location.hash);
  if (!named) return;
  named.open = true;
  named.scrollIntoView({ block: "center" });
}

function trail() {
  const bar = document.querySelector(".trail");
  if (!bar || document.getElementById("list")) return;
  for (const link of bar.querySelectorAll("[data-trail]")) {
    const href = neighbour(Number(link.dataset.trail));
    link.hidden = !href;
    if (href) link.href = href;
    if (href) bar.hidden = false;
  }
}

document.addEventListener("polled", look);
document.addEventListener("htmx:afterSettle", look);
setInterval(tick, 1000);
if (document.getElementById("transcript") || document.getElementById("live")) look();

/* --- keys; beside the list, j and k are the list's */
const TYPED = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]";

function isForUs(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPED)) return false;
  if (localStorage.getItem("single-keys-off") || document.querySelector("dialog[open]")) return false;
  return !(document.getElementById("list") && "jkJK".includes(event.key));
}

const sound = () => document.querySelector("call-player:defined");
const KEYS = {
  " ": () => sound()?.toggle(),
  ArrowLeft: () => sound()?.skip(-JUMP),
  ArrowRight: () => sound()?.skip(JUMP),
  j: () => step(1),
  k: () => step(-1),
  J: () => visit(1),
  K: () => visit(-1),
  "/": () => document.querySelector(".find input")?.select(),
};

function visit(by) {
  const href = neighbour(by);
  if (href) location.assign(href);
  else toast("The list it was opened from has no more calls this way.", "info");
}

function isMissing(key) {
  if (key === "/") return !document.querySelector(".find input");
  if (key === " " || key.startsWith("Arrow")) return !sound();
  return !document.getElementById("transcript") && "jk".includes(key);
}

/* First of all listeners: "/" is the palette's elsewhere. */
addEventListener(
  "keydown",
  (event) => {
    const { key, target } = event;
    if (!(key in KEYS) || !isForUs(event) || isMissing(key)) return;
    const isOnControl = target.closest?.(key === " " ? "button, summary, label, input" : "[type=range]");
    if (isOnControl) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    KEYS[key]();
  },
  { capture: true },
);

/* Escape leaves the search and keeps what was found. */
document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape" && target.matches?.(".find input")) target.blur();
});

/* --- notes */
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-note]");
  const dialog = document.getElementById("note-box");
  if (!button || !dialog) return;
  const turn = button.closest(".turn") ?? currentTurn();
  dialog.querySelector("[name=turn]").value = turn?.id.slice("turn-".length) ?? "";
  dialog.querySelector(".about").textContent = turn ? about(turn) : "On the whole call.";
  dialog.showModal();
});

function about(turn) {
  const said = turn.querySelector("p").textContent;
  const time = turn.querySelector("time")?.textContent;
  const short = said.length > 140 ? `${said.slice(0, 140)}…` : said;
  return `On ${time ? `${time}, ` : ""}“${short}”`;
}

/* A dialog whose form was taken closes before the page under it changes. */
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const form = detail.requestConfig?.elt;
  const dialog = form?.closest?.("dialog");
  if (!detail.shouldSwap) return;
  if (form?.matches?.("[data-empties]")) form.reset();
  if (dialog && !dialog.contains(detail.target)) dialog.close();
});

/* --- copy as text: the same that the link downloads */
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-copy-transcript]");
  if (!link || !navigator.clipboard) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(answer.status);
    await navigator.clipboard.writeText(await answer.text());
    toast("The transcript is copied.", "success");
  } catch {
    location.assign(link.href);
  }
});
