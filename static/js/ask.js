/* data-confirm="sentence" on a form or its button asks before it is sent.

   data-confirm-yes="Hang up" is what the button of the dialog says; else it says what
   the pressed button says. Also serves hx-confirm. */

const dialog = document.getElementById("ask");
const agreed = new WeakSet();

function ask(sentence, yes) {
  dialog.returnValue = "no";
  dialog.querySelector("#ask-text").textContent = sentence;
  dialog.querySelector("#ask-yes").textContent = yes || "Yes";
  dialog.showModal();
  return new Promise((resolve) => {
    const answer = () => resolve(dialog.returnValue === "yes");
    dialog.addEventListener("close", answer, { once: true });
  });
}

async function hold(event) {
  const { target: form, submitter } = event;
  const asking = submitter?.dataset.confirm ? submitter : form;
  if (!asking.dataset.confirm || agreed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const yes = asking.dataset.confirmYes || submitter?.textContent.trim();
  if (await ask(asking.dataset.confirm, yes)) {
    agreed.add(form);
    form.requestSubmit(submitter);
  }
}

/* In the capture phase, so that htmx does not send the form meanwhile. */
document.addEventListener("submit", hold, { capture: true });

document.addEventListener("htmx:confirm", async (event) => {
  const { question, elt, issueRequest } = event.detail;
  if (!question) return;
  event.preventDefault();
  if (await ask(question, elt.dataset.confirmYes || elt.textContent.trim())) {
    issueRequest(true);
  }
});
