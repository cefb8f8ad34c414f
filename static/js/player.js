/* The player of a recording: play, jump, speed. The <audio> inside does the work.

   A custom element, so that the browser's own controls show until this is here, and so
   that it lives through a morph of the page around it. */

import { toast } from "./toasts.js";

const SPEEDS = [1, 1.25, 1.5, 2];
const JUMP = 5;

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

class CallPlayer extends HTMLElement {
  connectedCallback() {
    const capture = { capture: true };
    this.addEventListener("click", (event) => this.press(event));
    this.addEventListener("input", (event) => this.jump(Number(event.target.value)));
    this.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["timeupdate", "seeked", "play", "pause", "durationchange"]) {
      this.addEventListener(name, () => this.draw(), capture);
    }
    this.addEventListener("error", () => this.fail(), capture);
    /* A morph brings back what the server wrote: the beginning. */
    document.addEventListener("polled", () => this.draw());
    this.draw();
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
    if (this.audio.paused) this.audio.play().catch(() => {});
    else this.audio.pause();
  }

  jump(seconds) {
    this.audio.currentTime = Math.min(Math.max(0, seconds), this.length);
  }

  /* The arrows of a range would move by a hundredth of it. */
  key(event) {
    if (!event.target.matches("[type=range]")) return;
    const steps = { ArrowRight: JUMP, ArrowUp: JUMP, ArrowLeft: -JUMP, ArrowDown: -JUMP };
    if (event.key in steps) this.jump(this.audio.currentTime + steps[event.key]);
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
}

customElements.define("call-player", CallPlayer);
