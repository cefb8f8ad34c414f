/* Changes the theme at once; the same form tells the server, for the next page. */

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.theme") || !event.submitter) return;
  event.preventDefault();
  const chosen = event.submitter.value;
  const data = new FormData(event.target, event.submitter);
  fetch(event.target.action, { method: "POST", body: data, redirect: "manual" });
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll(".theme [aria-pressed]")) {
    button.ariaPressed = String(button.value === chosen);
  }
});
