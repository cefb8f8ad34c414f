/* Rows of attributes: add one, remove one. Without script two empty rows are there. */

const field = document.querySelector("[data-attributes]");

if (field) {
  const rows = field.querySelector("[data-rows]");
  const add = field.querySelector("[data-add]");
  const blank = field.querySelector("template");
  const inputs = (row) => [...row.querySelectorAll("input")];

  const number = () => {
    for (const [index, row] of [...rows.children].entries()) {
      const [name, value] = inputs(row);
      const remove = row.querySelector("[data-remove]");
      name.ariaLabel = `Attribute ${index + 1}: name`;
      value.ariaLabel = `Attribute ${index + 1}: value`;
      remove.ariaLabel = `Remove attribute ${name.value || index + 1}`;
      remove.hidden = false;
    }
  };

  add.addEventListener("click", () => {
    rows.append(blank.content.cloneNode(true));
    number();
    inputs(rows.lastElementChild)[0].focus();
  });

  rows.addEventListener("click", (event) => {
    const row = event.target.closest("[data-remove]")?.closest("[data-row]");
    if (!row) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    number();
    (next ? inputs(next)[0] : add).focus();
  });

  for (const row of [...rows.children]) {
    if (inputs(row).every((input) => !input.value)) row.remove();
  }
  add.hidden = false;
  number();
}
