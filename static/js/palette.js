/* The command palette: Ctrl+K, ⌘K, "/" or the search box; arrows choose, Enter opens. */

import { isFree } from "./keys.js";

const dialog = document.querySelector("dialog#palette");
const input = document.getElementById("palette-q");

const hint = document.querySelector("[data-palette] kbd");
if (hint && /Mac|iPhone|iPad/.test(navigator.platform)) hint.textContent = "⌘K";

function hits() {
  return [...document.querySelectorAll("#palette-results [role=option]")];
}

function choose(hit) {
  for (const other of hits()) other.removeAttribute("aria-selected");
  if (hit) {
    hit.setAttribute("aria-selected", "true");
    hit.scrollIntoView({ block: "nearest" });
  }
  if (hit) input.setAttribute("aria-activedescendant", hit.id);
  else input.removeAttribute("aria-activedescendant");
}

function open() {
  if (!dialog) return input.focus();
  if (!dialog.open) dialog.showModal();
  input.select();
  htmx.trigger(input.form, "opened");
}

function move(step) {
  const all = hits();
  const at = all.findIndex((hit) => hit.ariaSelected === "true");
  choose(all[(at + step + all.length) % all.length]);
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-palette]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  open();
});

document.addEventListener("keydown", (event) => {
  const isShortcut = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
  const isSlash = event.key === "/" && isFree(event);
  const isAsked = document.querySelector("dialog[open]:not(#palette)");
  if ((!isShortcut && !isSlash) || !input || isAsked) return;
  event.preventDefault();
  open();
});

input?.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(step);
});

/* Enter opens the chosen hit; without one the form is sent to the plain page. */
input?.form.addEventListener(
  "submit",
  (event) => {
    const chosen = hits().find((hit) => hit.ariaSelected === "true");
    event.preventDefault();
    event.stopImmediatePropagation();
    if (chosen) chosen.click();
  },
  { capture: true },
);

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "palette-results") choose(hits()[0]);
});
