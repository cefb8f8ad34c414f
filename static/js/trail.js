/* From a list to a call, and on to the next call of that list.

   On the list: import this, and a click on a call's link notes the addresses of all.
   On a call's page: `neighbour(1)` is the address of the next. */

const KEY = "trail";

document.addEventListener(
  "click",
  ({ target }) => {
    const rows = target.closest?.("#rows a.l")?.closest("#rows");
    if (!rows) return;
    const all = [...rows.querySelectorAll("a.l")].map((link) => link.getAttribute("href"));
    sessionStorage.setItem(KEY, JSON.stringify(all));
  },
  { capture: true },
);

export function neighbour(by) {
  const all = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  const plain = all.map((href) => new URL(href, location.href).pathname);
  const here = plain.indexOf(location.pathname);
  return here < 0 ? undefined : all[here + by];
}
