/* Live parts: the server says what changed since the version that is shown.

   <section id="live" data-poll="{{ call.get_absolute_url }}" data-poll-seconds="2"
            data-v="{{ call.changed_at.isoformat }}">

   asks for `url?v=…` as htmx would (HX-Request, HX-Target: the id). 204 changes nothing;
   anything else that holds an element with the id is morphed in, so that focus, scroll
   and what is being typed stay. Polling ends when the new element has no data-poll.
   Before a change the element gets a "polling" event that bubbles, with the element that
   came, to be mended; after it "polled". Nothing is asked while the tab is hidden; errors
   make the waits longer. */

const TICK = 250;
const LONGEST_WAIT = 60_000;
const plans = new WeakMap();

function wait(element, misses) {
  const seconds = Number(element.dataset.pollSeconds) || 5;
  const jitter = 0.9 + Math.random() * 0.2;
  return Math.min(seconds * 1000 * 2 ** misses, LONGEST_WAIT) * jitter;
}

function planOf(element) {
  if (!plans.has(element)) {
    plans.set(element, { due: Date.now() + wait(element, 0), misses: 0, busy: false });
  }
  return plans.get(element);
}

async function ask(element) {
  const url = new URL(element.dataset.poll, location.href);
  if (element.dataset.v !== undefined) url.searchParams.set("v", element.dataset.v);
  const headers = { "HX-Request": "true", "HX-Target": element.id };
  const response = await fetch(url, { headers, cache: "no-store" });
  if (response.redirected) return location.reload();
  if (response.status === 404) return element.removeAttribute("data-poll");
  if (!response.ok) throw new Error(`${response.status} from ${url}`);
  if (response.status !== 204) show(element, await response.text());
}

function show(element, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.getElementById(element.id);
  if (!fresh || !element.isConnected) return;
  element.dispatchEvent(new CustomEvent("polling", { bubbles: true, detail: fresh }));
  Idiomorph.morph(element, fresh, {
    morphStyle: "outerHTML",
    ignoreActiveValue: true,
    callbacks: { beforeAttributeUpdated: keepOpen },
  });
  const shown = document.getElementById(fresh.id);
  htmx.process(shown);
  shown.dispatchEvent(new CustomEvent("polled", { bubbles: true }));
}

/* What the person unfolded stays unfolded. */
function keepOpen(name, node) {
  return !(name === "open" && node.matches("details, dialog"));
}

async function turn(element, plan) {
  plan.busy = true;
  try {
    await ask(element);
    plan.misses = 0;
  } catch {
    plan.misses += 1;
  }
  plan.busy = false;
  plan.due = Date.now() + wait(element, plan.misses);
}

setInterval(() => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-poll]")) {
    const plan = planOf(element);
    if (!plan.busy && Date.now() >= plan.due) turn(element, plan);
  }
}, TICK);
