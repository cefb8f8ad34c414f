/* The transcript: lines that play, the spoken line kept in view, a link to a line, and
   words found in it. Everything listens on the document, for a call may be shown later,
   beside the list. */

import { toast } from "./toasts.js";

const SVG = "http://www.w3.org/2000/svg";
let current = -1;
let follows = true;
let hits = [];
let hit = -1;

const player = () => document.querySelector("call-player:defined");
const box = () => document.getElementById("transcript");
const turns = () => [...(box()?.getElementsByClassName("turn") ?? [])];
const startOf = (turn) => (turn?.dataset.start === undefined ? null : Number(turn.dataset.start) / 1000);
export const currentTurn = () => turns()[current];

/* --- the current line */
function mark(place) {
  current = place;
  for (const old of box()?.querySelectorAll(".turn.cur") ?? []) old.classList.remove("cur");
  currentTurn()?.classList.add("cur");
  bringTools(currentTurn());
}

/* Below the bar of the page and the player, which stay in view. */
function show(element) {
  if (!element) return;
  const top = (document.querySelector(".heard-card")?.getBoundingClientRect().bottom ?? 60) + 8;
  const seen = element.getBoundingClientRect();
  if (seen.top >= top && seen.bottom <= innerHeight - 90) return;
  element.scrollIntoView({ block: "center", behavior: "smooth" });
}

/* Go to a line; `plays`: and hear it. */
export function go(place, plays = false) {
  const turn = turns()[place];
  if (!turn) return;
  mark(place);
  const [sound, start] = [player(), startOf(turn)];
  if (sound && start !== null) {
    sound.jump(start);
    if (plays) sound.play();
  }
  show(turn);
}

export function step(by) {
  const last = turns().length - 1;
  const next = current < 0 && by < 0 ? last : current + by;
  const sound = player();
  go(Math.min(Math.max(0, next), last), Boolean(sound && !sound.audio.paused));
}

function at(seconds) {
  const all = turns();
  return all.findLastIndex((turn) => {
    const start = startOf(turn);
    return start !== null && start <= seconds + 0.05;
  });
}

document.addEventListener(
  "timeupdate",
  ({ target }) => {
    if (target.id !== "player" || !box() || (target.paused && !target.currentTime)) return;
    const place = at(target.currentTime);
    /* Two lines may begin at once: the one that was chosen stays. */
    const isAtStart = Math.abs((startOf(currentTurn()) ?? -1) - target.currentTime) < 0.3;
    if (place === current || (target.paused && isAtStart)) return;
    mark(place);
    if (follows && !target.paused) show(currentTurn());
  },
  { capture: true },
);

document.addEventListener("click", (event) => {
  const turn = event.target.closest("#transcript .turn");
  if (!turn) return;
  const isSeek = event.target.closest(".seek");
  if (!isSeek && event.target.closest("button, a, form, input, textarea, summary")) return;
  if (!isSeek && !getSelection().isCollapsed) return;
  setFollow(true);
  go(turns().indexOf(turn), true);
});

/* --- whoever scrolls wants to read elsewhere */
function setFollow(wanted) {
  follows = wanted;
  for (const button of document.querySelectorAll(".follow")) button.ariaPressed = String(wanted);
}

function scrolled() {
  const sound = player();
  if (sound && !sound.audio.paused) setFollow(false);
}

for (const name of ["wheel", "touchmove"]) {
  document.addEventListener(name, scrolled, { passive: true });
}
document.addEventListener("keydown", ({ key }) => {
  if (["PageUp", "PageDown", "Home", "End"].includes(key)) scrolled();
});
document.addEventListener("click", ({ target }) => {
  if (target.closest(".follow")) {
    setFollow(!follows);
    if (follows) show(currentTurn());
  }
  const other = target.closest("[data-turn]");
  if (other) step(Number(other.dataset.turn));
});

/* --- what can be done with one line */
function bringTools(turn) {
  const template = document.getElementById("line-tools");
  if (!turn || !template || turn.querySelector(".line-tools")) return;
  document.querySelector("#transcript .line-tools")?.remove();
  turn.append(template.content.firstElementChild.cloneNode(true));
}

document.addEventListener("pointerover", ({ target, pointerType }) => {
  if (pointerType === "mouse") bringTools(target.closest?.("#transcript .turn"));
});
document.addEventListener("focusin", ({ target }) => bringTools(target.closest?.("#transcript .turn")));

function linkTo(turn) {
  const start = startOf(turn);
  const where = new URL(document.getElementById("live")?.dataset.href ?? location.pathname, location.href);
  where.hash = start === null ? turn.id : `t=${start}`;
  return where.href;
}

document.addEventListener("click", async ({ target }) => {
  const turn = target.closest("[data-link]")?.closest(".turn");
  if (!turn) return;
  const address = linkTo(turn);
  try {
    await navigator.clipboard.writeText(address);
    toast("The link to this line is copied.", "success");
  } catch {
    toast(address, "info");
  }
});

/* --- words: without case, accents and apostrophes, as the history finds them */
const MARKS = /[\p{M}'’ʼ`´]/gu;

/* `from`: where each letter of `plain` stands in the text. */
function folded(text) {
  const from = [];
  let plain = "";
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index] < "~" ? text[index] : text[index].normalize("NFKD");
    const sign = letter.replace(MARKS, "").toLowerCase();
    plain += sign;
    for (let count = sign.length; count; count -= 1) from.push(index);
  }
  return { plain, from };
}

const plainly = (words) => folded(words).plain.trim().replace(/\s+/g, " ");

function find(words) {
  const said = turns().map((turn) => [turn, turn.querySelector("p").firstChild]);
  const whole = plainly(words.replaceAll('"', " "));
  hits = whole ? ranges(said, [whole]) : [];
  const terms = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, phrase, word]) => plainly(phrase ?? word));
  if (!hits.length && terms.length > 1) hits = ranges(said, terms.filter(Boolean));
}

function ranges(said, words) {
  const found = [];
  for (const [turn, node] of said) {
    const { plain, from } = folded(node?.data ?? "");
    for (const word of words) {
      for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, from[at]);
        range.setEnd(node, from[at + word.length - 1] + 1);
        found.push({ turn, range });
      }
    }
  }
  return found;
}

function paint() {
  if (globalThis.CSS?.highlights) {
    CSS.highlights.set("found", new Highlight(...hits.map(({ range }) => range)));
    CSS.highlights.set("found-now", new Highlight(...(hits[hit] ? [hits[hit].range] : [])));
  }
  for (const turn of turns()) turn.classList.toggle("hit", false);
  for (const { turn } of hits) turn.classList.add("hit");
  paintLane();
  const form = document.querySelector(".find");
  const input = form?.querySelector("input");
  if (!input) return;
  form.querySelector("output").textContent =
    !input.value.trim() ? "" : hits.length ? `${Math.max(0, hit) + 1} of ${hits.length}` : "none";
  for (const button of form.querySelectorAll("button")) button.hidden = hits.length < 2;
}

function paintLane() {
  const lane = document.querySelector(".lane .hits");
  if (!lane) return;
  const length = Number(document.querySelector("call-player").dataset.ms) / 1000;
  const lines = new Set(hits.map(({ turn }) => startOf(turn)).filter((start) => start !== null));
  lane.replaceChildren(
    ...[...lines].map((start) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", `M${((1000 * start) / length).toFixed(1)} 0v56`);
      return path;
    }),
  );
  const legend = document.querySelector(".legend .h");
  if (legend) legend.hidden = !lines.size;
}

export function search({ goes = true } = {}) {
  find(document.querySelector(".find input")?.value ?? "");
  hit = hits.length ? 0 : -1;
  paint();
  if (goes && hits[0]) go(turns().indexOf(hits[0].turn));
}

function nextHit(by) {
  if (!hits.length) return;
  hit = (hit + by + hits.length) % hits.length;
  paint();
  go(turns().indexOf(hits[hit].turn));
}

document.addEventListener("input", ({ target }) => {
  if (target.matches(".find input")) search();
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches(".find")) return;
  event.preventDefault();
  nextHit(1);
});
document.addEventListener("click", ({ target }) => {
  const button = target.closest(".find [data-hit]");
  if (button) nextHit(Number(button.dataset.hit));
});

/* --- where to begin: `#t=83`, `#turn-4`, or the first hit of `?q=` */
/* Whole seconds, as the page shows them, name the line that begins in that second. */
function placeOf(seconds) {
  const begun = turns().findIndex((turn) => Math.floor(startOf(turn) ?? -1) === seconds);
  return begun < 0 ? at(seconds) : begun;
}

export function begin(hash = location.hash) {
  const seconds = /^#t=(\d+(?:\.\d+)?)$/.exec(hash)?.[1];
  const turn = /^#turn-\d+$/.test(hash) ? document.getElementById(hash.slice(1)) : null;
  const place = seconds ? placeOf(Number(seconds)) : turns().indexOf(turn);
  search({ goes: place < 0 });
  if (place < 0) return;
  go(place);
  const of = hits.findIndex((one) => one.turn === turns()[place]);
  if (of >= 0) hit = of;
  paint();
}

addEventListener("hashchange", () => begin());

/* A morph brings lines without our marks. */
export function refresh() {
  if (current >= 0) mark(Math.min(current, turns().length - 1));
  const old = hit;
  find(document.querySelector(".find input")?.value ?? "");
  hit = hits.length ? Math.max(0, Math.min(old, hits.length - 1)) : -1;
  paint();
}
