/* Keys that work anywhere outside inputs: data-key="c" on a link or button. */

function isTyping(target) {
  return target.isContentEditable || target.closest("input, textarea, select");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const key = CSS.escape(event.key.toLowerCase());
  const button = document.querySelector(`[data-key="${key}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
