/* data-opens="id" and data-closes for native dialogs; a click beside one closes it. */

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.opens)?.showModal();
  }
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
});

document.addEventListener("mousedown", (event) => {
  if (event.target instanceof HTMLDialogElement && isBeside(event)) event.target.close();
});

function isBeside({ target, clientX: x, clientY: y }) {
  const box = target.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}
