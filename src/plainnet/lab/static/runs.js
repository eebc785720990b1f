// All runs of the folder: their scores side by side, their curves in one chart, reports, a trash.

import { drawLines } from "./charts.js";
import { classColour, css, onTheme } from "./colours.js";
import { Refused, ask, order } from "./server.js";
import { label, make, t } from "./texts.js";

const MOST = 5;
const PATIENCE = 5000;

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
    if (found && JSON.stringify(found) !== this.found) {
      this.found = JSON.stringify(found);
      this.runs = found.runs;
      this.folder = found.folder;
      const known = new Set(this.runs.map((run) => run.number));
      this.chosen = (this.chosen ?? this.runs.slice(0, 3).map((run) => run.number)).filter((one) => known.has(one));
      this.curves = {};
      await this.load();
      this.show();
    }
    this.timer = setTimeout(() => this.refresh(), PATIENCE);
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
    if (!run.done) scores.push(make("p", { className: "bad" }, t("unfinished")));
    const actions = make("div", { className: "run-actions" });
    if (run.report) {
      const href = `/api/runs/report?${new URLSearchParams({ number: run.number })}`;
      actions.append(make("a", { href, target: "_blank", rel: "noopener" }, t("report")));
    }
    const trash = make("button", { type: "button", className: "link", id: `trash-${run.number}` }, t("trash"));
    label(trash, `${t("trash")}: ${run.name}`);
    trash.addEventListener("click", () => this.trash(run));
    actions.append(trash);
    return make("li", {}, make("div", {}, title, ...facts), make("div", { className: "run-scores" }, ...scores), actions);
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

/** The first scores of an evaluation, with interval and baseline. */
export function scoreList(part, scores) {
  const name = { validation: t("heldOut"), test: t("testPart") }[part] ?? part;
  const shown = scores.slice(0, 3).map((score) => {
    const more = [score.interval, score.baseline && t("baseline", { value: score.baseline })].filter(Boolean);
    return make("div", { title: score.meaning }, make("dt", {}, score.name), make("dd", {}, score.text, ...more.map((text) => make("small", {}, text))));
  });
  return make("dl", {}, make("div", { className: "part" }, make("dt", {}, name)), ...shown);
}
