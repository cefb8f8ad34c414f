/* The list of calls: keys, selection, what is done to many, and the menus of filters.

   The row with the focus is the current one; what is selected is what is ticked. So a
   morph, which keeps both, keeps everything. */

import { isShown } from "./beside.js";
import { isFree } from "./keys.js";
import "./menus.js";
import "./trail.js";

/* What somebody is typing in the search box stays, whatever comes from the server. */
Idiomorph.defaults.ignoreActiveValue = true;

const byId = (id) => document.getElementById(id);
const rowOf = (element) => element?.closest("#rows tr[id^=call-]");
const boxes = () => [...document.querySelectorAll("#rows input[name=call]")];
const ticked = () => boxes().filter((box) => box.checked);
const links = () => [...document.querySelectorAll("#rows a.l")];

let lastRow = "";
let lastBox = null;

function current() {
  return rowOf(document.activeElement) ?? byId(lastRow);
}

document.addEventListener("focusin", ({ target }) => {
  if (rowOf(target)) lastRow = rowOf(target).id;
});

function move(step) {
  const all = links();
  const at = all.indexOf(current()?.querySelector("a.l"));
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next]?.focus();
}

/* --- selection */
function count() {
  const [all, some] = [boxes(), ticked()];
  const whole = document.querySelector("[data-pick-all]");
  if (whole) {
    whole.checked = some.length > 0 && some.length === all.length;
    whole.indeterminate = some.length > 0 && some.length < all.length;
  }
  const every = byId("bulk").elements.all;
  if (!some.length) every.checked = false;
  byId("picked").textContent = every.checked ? "All selected" : `${some.length} selected`;
}

function tick(some, isOn) {
  for (const box of some) box.checked = isOn;
  count();
}

document.addEventListener("click", (event) => {
  const { target, shiftKey } = event;
  if (target.matches?.("#rows input[name=call]")) {
    const all = boxes();
    const ends = [all.indexOf(lastBox), all.indexOf(target)].sort((a, b) => a - b);
    if (shiftKey && ends[0] >= 0) tick(all.slice(ends[0], ends[1] + 1), target.checked);
    lastBox = target;
  }
  if (target.closest("[data-pick-none]")) {
    tick(boxes(), false);
    current()?.querySelector("a.l").focus();
  }
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-pick-all]")) tick(boxes(), target.checked);
  else if (target.matches("#rows input[name=call], #bulk [name=all]")) count();
});

function pick() {
  const box = current()?.querySelector("input[name=call]");
  if (!box) return move(1);
  lastBox = box;
  tick([box], !box.checked);
}

/* --- what is done to them */
function chosen() {
  const some = ticked().map(rowOf);
  return some.length ? some : [current()].filter(Boolean);
}

function review() {
  const rows = chosen();
  const isSeen = rows.length > 0 && rows.every((row) => row.classList.contains("seen"));
  for (const row of rows) row.classList.toggle("seen", !isSeen);
  const form = byId("bulk");
  const values = {
    call: rows.map((row) => row.id.slice("call-".length)),
    do: isSeen ? "unreview" : "review",
    query: form.elements.query.value,
    ...(form.elements.all.checked ? { all: "yes" } : {}),
  };
  const swap = { target: "#rows", swap: "morph:outerHTML", values };
  if (rows.length) htmx.ajax("POST", form.getAttribute("action"), swap);
}

function tag() {
  if (!ticked().length) pick();
  byId("bulk-tag").focus();
}

/* The counts of the views are others now. */
document.addEventListener("bulkDone", () => {
  byId("bulk-tag").value = "";
  const { query } = byId("list").dataset;
  const swap = { target: "#views", swap: "outerHTML" };
  htmx.ajax("GET", `${byId("views").dataset.counts}?${query}`, swap);
});

/* --- what comes from the server */
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "list" && target.id !== "rows") return;
  count();
  if (document.activeElement !== document.body) return;
  const next = target.id === "rows" ? current()?.querySelector("a.l") : byId("add-filter");
  next?.focus({ preventScroll: true });
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "list") return;
  const { query } = byId("list").dataset;
  for (const link of document.querySelectorAll("#views a:not(.more)")) {
    const isNow = new URL(link.href).search.slice(1) === query;
    if (isNow) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
});

document.addEventListener("polling", ({ target, detail: fresh }) => {
  if (target.id !== "rows") return;
  for (const { value } of ticked()) {
    fresh.querySelector(`input[value="${value}"]`)?.setAttribute("checked", "");
  }
  hold(target, fresh);
});
document.addEventListener("polled", ({ target }) => target.id === "rows" && count());

/* Who reads further down, or works on a row, gets a word of new calls, not their rows. */
function hold(shown, fresh) {
  const isReading = scrollY > 80 || ticked().length || rowOf(document.activeElement);
  const first = shown.querySelector("tbody tr");
  const known = first && fresh.querySelector(`#${first.id}`);
  if (!isReading || !known) return;
  const body = known.parentElement;
  let news = 0;
  while (body.firstElementChild !== known) {
    news += Number(body.firstElementChild.id.startsWith("call-"));
    body.firstElementChild.remove();
  }
  if (!news) return;
  let pushed = byId(body.lastElementChild.id)?.nextElementSibling;
  for (; pushed; pushed = pushed.nextElementSibling) body.append(pushed.cloneNode(true));
  const pill = fresh.querySelector("[data-fresh]");
  pill.hidden = false;
  pill.querySelector("span").textContent = `${news} new call${news === 1 ? "" : "s"}`;
}

/* --- keys */
const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => current()?.querySelector("a.l").click(),
  x: pick,
  e: review,
  t: tag,
  "/": () => byId("q").select(),
  "?": () => byId("list-keys").showModal(),
};
/* While a call is shown beside the list, these are about that call. */
const OF_THE_CALL = "et/?";

/* In the capture phase: before "/" opens the palette. */
document.addEventListener(
  "keydown",
  (event) => {
    const key = event.key.toLowerCase();
    const isCovered = document.querySelector("dialog[open], [popover]:popover-open");
    if (!Object.hasOwn(KEYS, key) || !isFree(event) || isCovered) return;
    if ((event.shiftKey && /[a-z]/.test(key)) || (isShown() && OF_THE_CALL.includes(key))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    KEYS[key]();
  },
  { capture: true },
);
count();
