/* data-copy="text" or data-copy-from="#id" on a button puts the text on the clipboard. */

import { toast } from "./toasts.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copyFrom || "nothing");
  const text = button.dataset.copy ?? source?.textContent.trim() ?? "";
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.", "success");
  } catch {
    /* Browsers give the clipboard to safe origins only. */
    if (source) getSelection().selectAllChildren(source);
    toast("Your browser keeps the clipboard closed here: press Ctrl+C.", "warning");
  }
});
