// Pictures in classes: from files, by drag and drop, or from the webcam; a training; a picture to try.

import { classColour, onTheme } from "./colours.js";
import { RecipeForm } from "./recipe_form.js";
import { Refused, ask, order, send } from "./server.js";
import { label, make, percent, t } from "./texts.js";
import { findingsOf, hintsOf } from "./findings.js";
import { bar, drawEpochs, progressOf, resultOf } from "./training.js";

const at = (id) => document.getElementById(id);
const BUSY = 500;
const PATIENCE = 3000;
const SHOT = 320;
const AT_ONCE = 4;
const KINDS = ["image/jpeg", "image/png", "image/webp"];

export class Pictures {
  constructor() {
    this.root = at("pictures");
    this.video = at("video");
    this.state = null;
    this.form = new RecipeForm(at("picture-settings"));
    at("new-class").addEventListener("submit", (event) => {
      event.preventDefault();
      const name = at("class-name").value.trim();
      if (name) this.send({ order: "add-class", class: name }).then((done) => done && (at("class-name").value = ""));
    });
    at("picture-train").addEventListener("click", () => this.train());
    at("try-file").addEventListener("change", (event) => this.tryFile(event.target.files[0]));
    droppable(at("try-drop"), (files) => this.tryFile(files[0]));
    at("try-webcam").addEventListener("click", () => this.live());
    new ResizeObserver(() => this.draw()).observe(at("picture-curves"));
    onTheme(() => this.draw());
  }

  async attempt(task) {
    try {
      const found = await task();
      at("picture-message").textContent = "";
      return found;
    } catch (error) {
      const known = error instanceof Refused || error instanceof TypeError || error instanceof DOMException;
      if (!known) throw error;
      at("picture-message").textContent = error instanceof TypeError ? t("gone") : error.message;
      return null;
    }
  }

  async send(body) {
    const found = await this.attempt(() => order("/api/pictures/orders", body));
    if (found) this.take(found);
    return found;
  }

  async refresh() {
    clearTimeout(this.timer);
    if (this.root.hidden) {
      this.stopCamera();
      return;
    }
    const found = await this.attempt(() => ask("/api/pictures"));
    if (found) this.take(found);
    else this.timer = setTimeout(() => this.refresh(), PATIENCE);
  }

  take(state) {
    this.state = state;
    this.form.show(state.recipe, state.features);
    const shape = JSON.stringify(state.classes);
    if (shape !== this.shape) {
      this.shape = shape;
      this.showClasses();
      this.check();
    }
    const { running, failed, epochs, scores } = state;
    at("picture-train").textContent = t(running ? "stop" : "train");
    at("picture-progress").textContent = progressOf(state);
    at("picture-progress").classList.toggle("bad", !running && Boolean(failed));
    at("picture-curves").hidden = epochs.length < 2;
    const done = !running && scores?.done;
    at("picture-result").replaceChildren(...(done ? resultOf(scores, (task) => this.attempt(task)) : []));
    at("try").hidden = !done;
    this.number = done ? scores.number : null;
    this.explain(done ? scores.number : !running && failed ? "" : null);
    this.draw();
    clearTimeout(this.timer);
    if (running) this.timer = setTimeout(() => this.refresh(), BUSY);
  }

  draw() {
    drawEpochs(at("picture-curves"), this.state?.epochs ?? []);
  }

  translate() {
    this.shape = this.explained = null;
    if (this.state) this.take(this.state);
  }

  /** Let the pictures be checked; of many changes, only the last one matters. */
  async check() {
    this.changed = true;
    if (this.checking) return;
    this.checking = true;
    while (this.changed) {
      this.changed = false;
      const found = await this.attempt(() => ask("/api/pictures/check"));
      if (found) at("picture-check").replaceChildren(...findingsOf(found));
    }
    this.checking = false;
  }

  /** Say why a training may have gone badly; "": the last one, which failed; null: nothing. */
  async explain(number) {
    if (number === this.explained) return;
    this.explained = number;
    at("picture-hints").replaceChildren();
    if (number === null) return;
    const hints = await this.attempt(() => ask("/api/pictures/hints", { number }));
    if (hints?.length && this.explained === number) at("picture-hints").replaceChildren(...hintsOf(hints));
  }

  showClasses() {
    const cards = Object.entries(this.state.classes).map(([name, files], i) => this.card(name, files, i));
    at("class-list").replaceChildren(...cards);
  }

  card(name, files, i) {
    const input = make("input", { type: "file", accept: KINDS.join(), multiple: true });
    input.addEventListener("change", () => this.add(name, [...input.files]));
    const drop = make("label", { className: "drop small" }, input, t("dropPictures"));
    const hold = make("button", { type: "button", className: "quiet outlined" }, t("holdCapture"));
    hold.addEventListener("pointerdown", () => this.capture(name));
    for (const end of ["pointerup", "pointerleave", "blur"]) hold.addEventListener(end, () => (this.capturing = null));
    hold.addEventListener("keydown", (event) => event.key === " " && !event.repeat && this.capture(name));
    hold.addEventListener("keyup", () => (this.capturing = null));
    const remove = make("button", { type: "button", className: "link" }, t("removeClass"));
    label(remove, `${t("removeClass")}: ${name}`);
    remove.addEventListener("click", () => this.send({ order: "remove-class", class: name }));
    const dot = make("span", { className: "dot" });
    dot.style.background = classColour(i % 5);
    const head = make("div", { className: "head" }, make("h3", { className: "run-name" }, dot, name), make("span", { className: "faint" }, t("pictureCount", { n: files.length })), remove);
    const shown = files.map((file) => this.thumbnail(name, file));
    const card = make("section", { className: "class-card" }, head, make("div", { className: "class-tools" }, drop, hold), make("div", { className: "thumbnails" }, ...shown));
    label(card, name);
    droppable(card, (dropped) => this.add(name, dropped));
    return card;
  }

  thumbnail(name, file) {
    const query = new URLSearchParams({ class: name, file });
    const image = make("img", { src: `/api/pictures/file?${query}`, alt: "", loading: "lazy", width: 56, height: 56 });
    const button = make("button", { type: "button", className: "thumbnail" }, image);
    label(button, `${name}: ${t("removePicture")}`);
    button.addEventListener("click", () => this.send({ order: "remove", class: name, file }));
    return button;
  }

  /** Send pictures, a few at once; what is not one is named. */
  async add(name, files) {
    const left = [...files];
    const failed = [];
    const work = async () => {
      for (let file = left.shift(); file; file = left.shift()) {
        const path = `/api/pictures/add?${new URLSearchParams({ class: name })}`;
        const response = await fetch(path, { method: "POST", headers: { "Content-Type": file.type }, body: file });
        if (!response.ok) failed.push(`${file.name ?? ""} ${(await response.json()).error}`);
      }
    };
    await this.attempt(() => Promise.all(Array.from({ length: AT_ONCE }, work)));
    await this.refresh();
    if (failed.length) at("picture-message").textContent = failed.slice(0, 3).join(" ");
  }

  async camera() {
    if (this.video.srcObject) return true;
    return this.attempt(async () => {
      this.video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
      await this.video.play();
      return true;
    });
  }

  stopCamera() {
    for (const track of this.video.srcObject?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
    this.capturing = null;
    at("try-webcam").setAttribute("aria-pressed", false);
  }

  /** What the webcam sees now, its middle as a square. */
  shot() {
    const canvas = make("canvas", { width: SHOT, height: SHOT });
    const { videoWidth: w, videoHeight: h } = this.video;
    const side = Math.min(w, h);
    canvas.getContext("2d").drawImage(this.video, (w - side) / 2, (h - side) / 2, side, side, 0, 0, SHOT, SHOT);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  }

  /** Take pictures into a class while a button is held. */
  async capture(name) {
    this.capturing = name;
    if (!(await this.camera())) return;
    const taken = [];
    do {
      taken.push(await this.shot());
      await new Promise((done) => setTimeout(done, 150));
    } while (this.capturing === name && taken.length < 200);
    await this.add(name, taken);
  }

  async train() {
    const { features, ...settings } = this.form.values();
    await this.send(this.state?.running ? { order: "stop" } : { order: "train", settings, ...(features && { features }) });
  }

  async tryFile(file, explain = "yes") {
    if (!file || !this.number) return;
    const path = `/api/pictures/predict?${new URLSearchParams({ number: this.number, explain })}`;
    const found = await this.attempt(() => send(path, file));
    if (found) this.showAnswer(found);
  }

  showAnswer({ answer, probabilities, explanation }) {
    const names = Object.keys(probabilities);
    const sorted = Object.entries(probabilities).sort((a, b) => b[1] - a[1]).slice(0, 5);
    const bars = sorted.flatMap(([name, p]) => bar(name, p, percent(p), classColour(names.indexOf(name) % 5)));
    const parts = [make("p", { className: "big-answer" }, answer), make("div", { className: "bars" }, ...bars)];
    if (explanation) parts.push(make("img", { className: "explanation", src: explanation, alt: t("explanationOf", { name: answer }) }), make("p", { className: "faint" }, t("explanationHelp")));
    at("try-answer").replaceChildren(...parts);
  }

  /** Answer what the webcam sees, again and again, until the button is pressed once more. */
  async live() {
    const button = at("try-webcam");
    if (button.getAttribute("aria-pressed") === "true") {
      this.stopCamera();
      return;
    }
    if (!(await this.camera())) return;
    button.setAttribute("aria-pressed", true);
    while (button.getAttribute("aria-pressed") === "true" && !this.root.hidden) {
      await this.tryFile(await this.shot(), "no");
      await new Promise((done) => setTimeout(done, 200));
    }
  }
}

export function droppable(element, take) {
  for (const name of ["dragover", "dragleave", "drop"]) {
    element.addEventListener(name, (event) => {
      event.preventDefault();
      event.stopPropagation();
      element.classList.toggle("over", name === "dragover");
      if (name === "drop") take([...event.dataTransfer.files]);
    });
  }
}
