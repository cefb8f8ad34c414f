/* The call form: suggestions for "Who", and one click that stays one click. */

/* The form is morphed as it is typed into: what is being typed, folded open or
   suggested stays. */
const OURS = /^aria-(expanded|activedescendant)$/;
Idiomorph.defaults.ignoreActiveValue = true;
Idiomorph.defaults.callbacks = {
  ...Idiomorph.defaults.callbacks,
  beforeNodeMorphed: (node) => node.id !== "suggestions",
  beforeAttributeUpdated: (name, node) =>
    !(name === "open" && node.matches?.("details")) &&
    !(OURS.test(name) && node.id === "id_who"),
};

const who = () => document.getElementById("id_who");
const form = () => document.getElementById("form");
const list = () => document.getElementById("suggestions");
const options = () => [...list().querySelectorAll("[role=option]")];
const chosen = () => options().find((option) => option.ariaSelected === "true");

function show(open) {
  list().hidden = !open || options().length === 0;
  who().ariaExpanded = String(!list().hidden);
  if (list().hidden) choose(null);
}

function choose(option) {
  for (const other of options()) other.ariaSelected = String(other === option);
  if (option) {
    who().setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else who().removeAttribute("aria-activedescendant");
}

function move(step) {
  const all = options();
  const at = all.indexOf(chosen());
  const next = at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length;
  choose(all[next]);
}

function pick({ dataset }) {
  who().value = dataset.name;
  document.getElementById("id_contact").value = dataset.pick;
  show(false);
  refresh();
}

/* Not through the box: it would ask for suggestions again. */
function refresh() {
  form().dispatchEvent(new Event("input"));
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "suggestions") show(document.activeElement === who());
});

document.addEventListener("click", (event) => {
  const option = event.target.closest("[data-pick]");
  if (!option) return;
  event.preventDefault();
  pick(option);
});

/* Keeps the focus in the box while an option is clicked. */
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("[role=option]")) event.preventDefault();
});

document.addEventListener("focusout", (event) => {
  if (event.target.id === "id_who") show(false);
});

document.addEventListener("keydown", (event) => {
  if (event.target.id === "id_who") return inBox(event);
  /* Enter in a field looks again; only the button calls. */
  if (event.key === "Enter" && event.target.matches("#form input")) event.preventDefault();
});

function inBox(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key === "Enter") {
    event.preventDefault();
    if (chosen()) pick(chosen());
    else show(false);
  } else if (event.key === "Escape") show(false);
  else if (steps[event.key] && options().length) {
    event.preventDefault();
    if (list().hidden) show(true);
    move(steps[event.key]);
  }
}

document.addEventListener("submit", (event) => {
  const button = document.getElementById("launch");
  if (event.target.id !== "form" || event.submitter !== button) return;
  if (button.disabled) return event.preventDefault();
  htmx.trigger(form(), "htmx:abort");
  button.disabled = true;
  button.querySelector("span").textContent = button.dataset.busy;
});

/* Back from the call's page with the form as it was left: ask how things stand. */
addEventListener("pageshow", (event) => {
  if (event.persisted || who().value !== who().defaultValue) refresh();
});
