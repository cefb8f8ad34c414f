/* Menus of filters: one popover, filled by the server, below what was pressed. */

const filter = document.getElementById("filter");
const GAP = 6;
let opener = null;

function place(menu, below) {
  const box = below.getBoundingClientRect();
  const room = document.documentElement.clientWidth - GAP;
  menu.style.setProperty("--top", `${Math.round(box.bottom + GAP)}px`);
  const left = Math.max(GAP, Math.min(box.left, room - menu.offsetWidth));
  menu.style.setProperty("--left", `${Math.round(left)}px`);
}

/* Before, so that it does not jump; and after, when it is known how wide it is. Neither
   event bubbles. */
for (const name of ["beforetoggle", "toggle"]) document.addEventListener(name, put, true);

function put({ target: menu, newState }) {
  if (newState !== "open" || !menu.matches(".pop")) return;
  const button = document.querySelector(`[popovertarget="${menu.id}"]`) ?? opener;
  if (button?.isConnected) place(menu, button);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-filter]");
  if (link && !event.ctrlKey && !event.metaKey) {
    const kinds = link.closest("#kinds");
    opener = kinds ? document.getElementById("add-filter") : link;
    kinds?.hidePopover();
    filter.replaceChildren();
    filter.showPopover();
  }
  if (event.target.closest("#filter [data-chosen]")) setTimeout(() => filter.hidePopover());
});

/* Boxes narrow the list as they are ticked; the menu stays for the next. */
document.addEventListener("change", ({ target }) => {
  if (target.matches("#filter .picks [type=checkbox]")) target.form.requestSubmit();
});

document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "filter") return;
  if (opener?.isConnected) place(filter, opener);
  if (filter.contains(document.activeElement)) return;
  filter.querySelector("[aria-current], input:not([type=hidden]), a")?.focus();
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const menu = document.querySelector(".pop:popover-open");
  if (!step || !menu || event.target.matches("[type=date]")) return;
  event.preventDefault();
  const all = [...menu.querySelectorAll("a.n, input:not([type=hidden])")];
  const at = all.indexOf(document.activeElement);
  all[(at + step + all.length) % all.length]?.focus();
});
