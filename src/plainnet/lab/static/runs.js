// All runs of the folder: scores side by side, curves in one chart, files, a trash; going on with one.

import { drawLines } from "./charts.js";
import { classColour, css, onTheme } from "./colours.js";
import { Refused, ask, order } from "./server.js";
import { runActions } from "./run_actions.js";
import { scoreList } from "./scores.js";
import { label, make, t } from "./texts.js";
import { progressOf } from "./training.js";

const MOST = 5;
const PATIENCE = 5000;
const BUSY = 1000;

export class Runs {
  constructor() {
    this.root = document.getElementById("runs");
    this.list = document.getElementById("run-list");
    this.canvas = document.getElementById("run-curves");
    this.metric = document.getElementById("run-metric");
    this.log = document.getElementById("run-log");
    this.message = document.getElementById("run-message");
    this.curves = {};
    this.chosen = null;
    this.runs = [];
    this.metric.addEventListener("change", () => this.draw());
    this.log.addEventListener("change", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    onTheme(() => this.show());
  }

  /** Look for runs now, and from time to time while they are shown. */
  async refresh() {
    clearTimeout(this.timer);
    if (this.root.hidden) return;
    const found = await this.attempt(() => ask("/api/runs"));
    if (found) await this.take(found);
    this.timer = setTimeout(() => this.refresh(), this.training?.running ? BUSY : PATIENCE);
  }

  async take(found) {
    this.training = found.training;
    if (JSON.stringify(found) !== this.found) {
      this.found = JSON.stringify(found);
      this.runs = found.runs;
      this.folder = found.folder;
      const known = new Set(this.runs.map((run) => run.number));
      this.chosen = (this.chosen ?? this.runs.slice(0, 3).map((run) => run.number)).filter((one) => known.has(one));
      this.curves = {};
      await this.load();
      this.show();
    }
  }

  async attempt(task) {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof Refused || error instanceof TypeError)) throw error;
      this.message.textContent = error instanceof Refused ? error.message : t("gone");
      return null;
    }
  }

  async load() {
    for (const number of this.chosen) {
      this.curves[number] ??= (await this.attempt(() => ask("/api/runs/curves", { number }))) ?? {};
    }
  }

  async choose(number, on) {
    this.chosen = this.chosen.filter((one) => one !== number);
    if (on) this.chosen = [...this.chosen, number].slice(-MOST);
    await this.load();
    this.show();
  }

  show() {
    if (!this.found) return;
    const focused = document.activeElement?.id;
    document.getElementById("run-folder").textContent = this.folder;
    document.getElementById("run-empty").hidden = this.runs.length > 0;
    document.getElementById("run-chart").hidden = this.runs.length === 0;
    this.list.replaceChildren(...this.runs.map((run) => this.card(run)));
    this.fillMetrics();
    this.draw();
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  card(run) {
    const at = this.chosen.indexOf(run.number);
    const box = make("input", { type: "checkbox", id: `choose-${run.number}`, checked: at >= 0 });
    box.addEventListener("change", () => this.choose(run.number, box.checked));
    const dot = make("span", { className: "dot" });
    if (at >= 0) dot.style.background = classColour(at);
    const title = make("label", { className: "run-name", htmlFor: box.id }, box, dot, run.name);
    const about = [run.data.split("/").at(-1), run.target, new Date(1000 * run.time).toLocaleString()];
    const facts = [about.filter(Boolean), run.changed].map((parts) => make("p", { className: "faint" }, parts.join(" · ")));
    const scores = Object.entries(run.parts).map(([part, found]) => scoreList(part, found));
    const goesOn = this.training.running && this.training.run === run.name;
    if (goesOn) scores.push(make("p", {}, progressOf(this.training)));
    else if (!run.done) scores.push(make("p", { className: "bad" }, t("unfinished")));
    if (!goesOn && this.training.run === run.name && this.training.failed) scores.push(make("p", { className: "bad" }, this.training.failed));
    const actions = runActions(run, (task) => this.attempt(task));
    const row = actions.firstChild;
    if (goesOn) row.append(this.button(run, "stop", () => this.send("/api/runs/stop", {})));
    else if (run.resumable) row.append(this.button(run, "goOn", () => this.send("/api/runs/resume", { number: run.number })));
    if (!goesOn) row.append(this.button(run, "trash", () => this.trash(run)));
    return make("li", {}, make("div", {}, title, ...facts), make("div", { className: "run-scores" }, ...scores), actions);
  }

  button(run, key, press) {
    const made = make("button", { type: "button", className: "link", id: `${key}-${run.number}` }, t(key));
    label(made, `${t(key)}: ${run.name}`);
    made.addEventListener("click", press);
    return made;
  }

  async send(path, body) {
    this.message.textContent = "";
    const found = await this.attempt(() => order(path, body));
    if (!found) return;
    if (body.number && !this.chosen.includes(body.number)) this.chosen = [...this.chosen, body.number].slice(-MOST);
    await this.take(found);
    this.refresh();
  }

  fillMetrics() {
    const names = new Set(this.chosen.flatMap((number) => Object.keys(this.curves[number] ?? {})));
    for (const other of ["epoch", "step", "seconds"]) names.delete(other);
    const list = [...names];
    const now = list.includes(this.metric.value) ? this.metric.value : list.includes("validation_loss") ? "validation_loss" : list[0];
    this.metric.replaceChildren(...list.map((name) => make("option", { value: name }, name.replaceAll("_", " "))));
    if (now) this.metric.value = now;
  }

  draw() {
    if (!this.canvas.clientWidth || !this.chosen) return;
    const series = this.chosen.map((number, i) => {
      const { epoch = [], [this.metric.value]: values = [] } = this.curves[number] ?? {};
      return { points: epoch.map((x, k) => [x, values[k]]), colour: classColour(i), dash: [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 4]][i] };
    });
    label(this.canvas, t("runCurves", { metric: this.metric.value }));
    drawLines(this.canvas, series, this.log.checked);
    this.canvas.style.borderColor = css("--line");
  }

  async trash(run) {
    const done = await this.attempt(() => order("/api/runs/trash", { number: run.number }));
    if (!done) return;
    const undo = make("button", { type: "button", className: "link" }, t("undo"));
    undo.addEventListener("click", async () => {
      const back = await this.attempt(() => order("/api/runs/restore", { number: done.number }));
      if (back) this.message.textContent = "";
      this.refresh();
    });
    this.message.replaceChildren(t("trashed", { name: run.name }), " ", undo);
    await this.refresh();
  }
}
