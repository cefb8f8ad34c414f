/* Messages that come and go. Good news leaves by itself; the rest waits to be closed. */

const LASTS = 6000;
const box = document.getElementById("toasts");

export function toast(text, kind = "info") {
  const template = document.getElementById("toast");
  const element = template.content.firstElementChild.cloneNode(true);
  element.classList.add(kind);
  element.querySelector("p").textContent = text;
  const icon = kind === "success" ? ".good" : ".bad";
  for (const svg of element.querySelectorAll(":scope > svg")) {
    if (!svg.matches(icon)) svg.remove();
  }
  box.append(element);
  expire(element);
}

function expire(element) {
  if (!element.matches(".success, .info")) return;
  const leave = () => (element.matches(":hover") ? setTimeout(leave, LASTS) : element.remove());
  setTimeout(leave, LASTS);
}

for (const element of box.children) expire(element);

box.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".toast").remove();
});

/* HX-Trigger: {"toast": {"text": "…", "kind": "success"}} */
document.addEventListener("toast", ({ detail }) => toast(detail.text, detail.kind));
