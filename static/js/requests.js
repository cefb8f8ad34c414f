/* What to say when an htmx request goes wrong. */

import { toast } from "./toasts.js";

const WORDS = {
  400: "That request could not be understood. Reload the page and try again.",
  403: "You may not do that.",
  404: "This is not here any more. Reload the page.",
  409: "Somebody was faster. Reload the page.",
  413: "That is too large.",
  429: "Too many requests at once. Wait a moment and try again.",
};
const BROKEN = "Something went wrong on our side. Reload the page to see where it stands.";

/* Our error pages carry their sentence in [data-reason]. */
function reason(xhr) {
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  return page.querySelector("[data-reason]")?.textContent.trim();
}

document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  toast(reason(xhr) || WORDS[xhr.status] || BROKEN, "error");
});

document.addEventListener("htmx:sendError", () => {
  toast("Switchboard cannot be reached. Check your connection and try again.", "error");
});

/* Logged out meanwhile: the log-in page must not land inside a part of this one. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const { responseURL } = event.detail.xhr;
  if (!responseURL || !new URL(responseURL).pathname.startsWith("/accounts/login")) return;
  event.detail.shouldSwap = false;
  location.reload();
});
