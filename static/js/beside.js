/* A call beside the list, on a wide screen: the address names it as ?open=<id>. */

const WORD = "side-by-side";
const wide = matchMedia("(min-width: 1400px)");
const pane = document.getElementById("pane");
const isWanted = () => wide.matches && localStorage.getItem(WORD) === "yes";

/* Whether a call is shown beside the list now. */
export function isShown() {
  return !pane.hidden;
}

function here(id) {
  const url = new URL(location.href);
  if (id) url.searchParams.set("open", id);
  else url.searchParams.delete("open");
  return url;
}

function mark(id) {
  for (const row of document.querySelectorAll("#rows tr.open")) row.classList.remove("open");
  document.getElementById(`call-${id}`)?.classList.add("open");
}

function load(address, id) {
  const url = new URL(address, location.href);
  const at = /^#t=([\d.]+)$/.exec(url.hash);
  if (at) pane.dataset.t = at[1];
  else delete pane.dataset.t;
  pane.hidden = false;
  pane.dataset.id = id;
  mark(id);
  dress();
  const swap = { source: pane, target: pane, swap: "innerHTML" };
  htmx.ajax("GET", url.pathname + url.search, swap);
}

/* What only a call's page needs comes with the first call. */
function dress() {
  import(pane.dataset.script);
  if (!pane.dataset.style) return;
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet" });
  link.href = pane.dataset.style;
  delete pane.dataset.style;
  document.head.append(link);
}

function close() {
  pane.hidden = true;
  pane.replaceChildren();
  delete pane.dataset.id;
  mark("");
}

/* The entry that was there is ours as well: htmx would fetch its page anew on the way back. */
function open(link, id) {
  if (isShown()) history.replaceState({ beside: true }, "", here(id));
  else {
    history.replaceState({ beside: true }, "");
    history.pushState({ beside: true }, "", here(id));
  }
  load(link.href, id);
}

function idOf(link) {
  return link.closest("tr").id.replace(/^(call|hits)-/, "");
}

/* Capture, so that nothing else follows the link. */
document.addEventListener(
  "click",
  (event) => {
    const link = event.target.closest("#rows tbody a");
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (!link || !isPlain || !isWanted()) return;
    event.preventDefault();
    open(link, idOf(link));
  },
  { capture: true },
);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !isShown() || event.defaultPrevented) return;
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  const row = document.getElementById(`call-${pane.dataset.id}`);
  history.replaceState({ beside: true }, "", here(""));
  close();
  row?.querySelector("a.l").focus();
});

/* As the address says: after "back", after a reload. */
function follow() {
  const id = new URL(location.href).searchParams.get("open");
  if (!id || !isWanted()) return isShown() && close();
  const link = document.querySelector(`#call-${CSS.escape(id)} a.l`);
  if (pane.dataset.id !== id) load(link?.href ?? `/calls/${encodeURIComponent(id)}/`, id);
}

addEventListener("popstate", ({ state }) => {
  if (state?.htmx) return;
  const { place } = document.getElementById("list").dataset;
  const shown = new URLSearchParams(location.search);
  shown.delete("open");
  if (shown.toString() === new URLSearchParams(place).toString()) return follow();
  location.reload();
});
document.addEventListener("htmx:historyRestore", follow);
document.addEventListener("polled", ({ target }) => target.id === "rows" && mark(pane.dataset.id ?? ""));

/* --- the switch */
function draw() {
  for (const button of document.querySelectorAll("[data-beside]")) {
    button.hidden = !wide.matches;
    button.ariaPressed = String(isWanted());
  }
}

document.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-beside]")) return;
  localStorage.setItem(WORD, isWanted() ? "no" : "yes");
  draw();
  if (isWanted() || !isShown()) return;
  history.replaceState({ beside: true }, "", here(""));
  close();
});
document.addEventListener("htmx:afterSettle", draw);
wide.addEventListener("change", draw);
draw();
follow();
