/* Keys that work anywhere outside inputs: data-key="c" on a link or button.

   Single keys get in the way of people who speak to their computer; the box
   data-keys-switch (under "Your account") turns them off in this browser. */

const TYPED =
  "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]";
const OFF = "single-keys-off";

export function isFree(event) {
  const isTyping = event.target.closest(TYPED);
  const isChord = event.ctrlKey || event.metaKey || event.altKey;
  return !isTyping && !isChord && !event.repeat && !localStorage.getItem(OFF);
}

document.addEventListener("keydown", (event) => {
  if (!isFree(event) || document.querySelector("dialog[open]")) return;
  const key = CSS.escape(event.key.toLowerCase());
  const button = document.querySelector(`[data-key="${key}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

const box = document.querySelector("[data-keys-switch]");
if (box) box.checked = !localStorage.getItem(OFF);
box?.addEventListener("change", () => {
  if (box.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "yes");
});
