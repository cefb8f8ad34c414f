/* The player of a recording: play, jump, speed, and the shape of the sound.

   A custom element, so that the browser's own controls show until this is here, and so
   that it lives through a morph of the page around it. The <audio> inside does the
   work. data-peaks names JSON, {"agent": […], "callee": […]} or {"lanes": [[…]]}; without it
   the bars that the server drew from the turns' times stay. */

import { toast } from "./toasts.js";

const SPEEDS = [1, 1.25, 1.5, 2, 0.75];
const JUMP = 5;
/* Pixels from one column to the next. */
const PITCH = 3.4;
const LANES = { agent: 15, callee: 41 };
const BOTH = 28;
const HALF = 12;

export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, rest] = [Math.floor(whole / 3600), whole % 3600];
  const minutes = hours ? String(Math.floor(rest / 60)).padStart(2, "0") : Math.floor(rest / 60);
  const tail = `${minutes}:${String(rest % 60).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

class CallPlayer extends HTMLElement {
  connectedCallback() {
    if (this.isReady) return;
    this.isReady = true;
    const capture = { capture: true };
    this.addEventListener("click", (event) => this.press(event));
    this.addEventListener("input", (event) => this.jump(Number(event.target.value)));
    this.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["timeupdate", "seeked", "play", "pause", "durationchange"]) {
      this.addEventListener(name, () => this.draw(), capture);
    }
    this.addEventListener("error", () => this.fail(), capture);
    /* A morph brings back what the server wrote: the beginning. */
    for (const name of ["polled", "htmx:afterSettle"]) {
      document.addEventListener(name, () => this.isConnected && this.redraw());
    }
    this.draw();
    this.load();
  }

  get audio() {
    return this.querySelector("audio");
  }

  /* As long as the call, for so are the lanes; a recording may stop before. */
  get length() {
    const [whole, { duration }] = [Number(this.dataset.ms) / 1000, this.audio];
    return Number.isFinite(duration) ? Math.max(whole, duration) : whole;
  }

  press({ target }) {
    if (target.closest(".play")) this.toggle();
    if (target.closest(".speed")) {
      const next = SPEEDS.indexOf(this.audio.playbackRate) + 1;
      this.audio.playbackRate = SPEEDS[next % SPEEDS.length];
      this.draw();
    }
  }

  toggle() {
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  play() {
    this.audio.play().catch(() => {});
  }

  jump(seconds) {
    this.audio.currentTime = Math.min(Math.max(0, seconds), this.length);
  }

  skip(seconds) {
    this.jump(this.audio.currentTime + seconds);
  }

  /* The arrows of a range would move by a hundredth of it. */
  key(event) {
    if (!event.target.matches("[type=range]")) return;
    const steps = { ArrowRight: JUMP, ArrowUp: JUMP, ArrowLeft: -JUMP, ArrowDown: -JUMP };
    if (event.key in steps) this.skip(steps[event.key]);
    else if (event.key === " ") this.toggle();
    else return;
    event.preventDefault();
  }

  fail() {
    if (this.audio) toast("The recording cannot be loaded. Reload the page.", "error");
  }

  draw() {
    const { currentTime: at, paused, playbackRate: rate } = this.audio;
    const [length, range] = [this.length, this.querySelector("[type=range]")];
    this.classList.toggle("playing", !paused);
    this.classList.toggle("begun", at > 0);
    this.querySelector(".play").ariaLabel = paused ? "Play" : "Pause";
    range.max = length;
    range.value = at;
    range.ariaValueText = `${clock(at)} of ${clock(length)}`;
    const share = length ? Math.min(1, at / length) : 0;
    this.style.setProperty("--at", `${(100 * share).toFixed(2)}%`);
    this.querySelector(".time").textContent = `${clock(at)} / ${clock(length)}`;
    const speed = this.querySelector(".speed");
    speed.textContent = `${rate}×`;
    speed.ariaLabel = `Speed: ${rate}×`;
  }

  redraw() {
    this.draw();
    this.shape();
  }

  /* --- the shape of the sound */
  async load() {
    if (!this.dataset.peaks) return;
    const answer = await fetch(this.dataset.peaks).catch(() => null);
    if (!answer?.ok || answer.status === 204) return;
    this.peaks = await answer.json().catch(() => null);
    this.shape();
  }

  shape() {
    const found = this.peaks;
    if (!found) return;
    /* Of a recording where both are on one channel there is one lane for both. */
    const agent = found.agent ?? found.lanes?.[0] ?? [];
    const callee = found.callee ?? found.lanes?.[1] ?? [];
    const isOne = !callee.length;
    const columns = Math.max(40, Math.round(this.querySelector(".lane").clientWidth / PITCH));
    const loudest = [...agent, ...callee].reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    if (!loudest) return;
    const whole = found.duration_ms ? found.duration_ms / 1000 : this.length;
    const span = this.length ? Math.min(1, whole / this.length) : 1;
    const [first, second] = this.querySelectorAll(".peaks");
    first.setAttribute("d", path(agent, columns, isOne ? BOTH : LANES.agent, loudest, span));
    second.setAttribute("d", path(callee, columns, LANES.callee, loudest, span));
    this.querySelector(".lane").classList.add("shaped");
    this.querySelector(".lane").classList.toggle("one", isOne);
  }
}

/* One upright line for each column: as high as the loudest value in it. */
function path(values, most, middle, loudest, span) {
  const columns = Math.min(most, values.length);
  let drawn = "";
  for (let column = 0; column < columns; column += 1) {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    let peak = 0;
    for (let at = from; at < to; at += 1) peak = Math.max(peak, Math.abs(values[at]));
    const height = Math.max(0.4, (HALF * peak) / loudest);
    const x = (1000 * span * (column + 0.5)) / columns;
    drawn += `M${x.toFixed(1)} ${(middle - height).toFixed(1)}V${(middle + height).toFixed(1)}`;
  }
  return drawn;
}

customElements.define("call-player", CallPlayer);
