// A table of the user: its columns, a training on it, and answers to single rows.

import { classColour, onTheme, signed } from "./colours.js";
import { RecipeForm } from "./recipe_form.js";
import { Refused, ask, order, send } from "./server.js";
import { bar, drawEpochs, progressOf, resultOf } from "./training.js";
import { amount, digits, label, make, percent, t } from "./texts.js";

const at = (id) => document.getElementById(id);
const BUSY = 500;
const PATIENCE = 3000;

export class Tables {
  constructor() {
    this.root = at("tables");
    this.state = null;
    this.dropped = new Set();
    this.form = new RecipeForm(at("table-settings"));
    const drop = at("drop");
    at("table-file").addEventListener("change", (event) => this.upload(event.target.files[0]));
    for (const name of ["dragover", "dragleave", "drop"]) {
      this.root.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragover");
        if (name === "drop") this.upload(event.dataTransfer.files[0]);
      });
    }
    at("table-train").addEventListener("click", () => this.train());
    at("table-target").addEventListener("change", () => this.showColumns());
    new ResizeObserver(() => this.draw()).observe(at("table-curves"));
    onTheme(() => this.draw());
  }

  async attempt(task) {
    try {
      const found = await task();
      at("table-message").textContent = "";
      return found;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof TypeError)) throw error;
      at("table-message").textContent = error instanceof Refused ? error.message : t("gone");
      return null;
    }
  }

  async upload(file) {
    if (!file) return;
    const path = `/api/tables/data?${new URLSearchParams({ name: file.name })}`;
    const found = await this.attempt(() => send(path, file, "text/csv"));
    if (!found) return;
    this.dropped = new Set();
    this.fresh = true;
    this.take(found);
  }

  /** Ask how far it is, now and while a training goes on. */
  async refresh() {
    clearTimeout(this.timer);
    if (this.root.hidden) return;
    const found = await this.attempt(() => ask("/api/tables"));
    if (found) this.take(found);
    else this.timer = setTimeout(() => this.refresh(), PATIENCE);
  }

  take(state) {
    const before = this.state;
    this.state = state;
    at("table-work").hidden = !state.table;
    if (!state.table) return;
    this.form.show(state.recipe);
    if (this.fresh || !before?.table) {
      this.fresh = false;
      this.fill();
    }
    this.showTraining();
    clearTimeout(this.timer);
    if (state.running) this.timer = setTimeout(() => this.refresh(), BUSY);
    else if (state.scores && state.scores.done && this.asked !== state.scores.number) this.makeForm(state.scores.number);
  }

  fill() {
    const { table, tasks, efforts } = this.state;
    const options = (select, names, text) => select.replaceChildren(...names.map((value) => make("option", { value }, text(value))));
    options(at("table-target"), table.columns.map((one) => one.column), (name) => name);
    options(at("table-task"), tasks, (name) => t(`task.${name}`));
    options(at("table-effort"), efforts, (name) => t(`effort.${name}`));
    at("table-target").value = table.columns.at(-1).column;
    at("table-effort").value = "quick";
    this.showColumns();
  }

  showColumns() {
    const { table } = this.state;
    const target = at("table-target").value;
    at("table-about").textContent = t("tableAbout", { name: table.name, rows: table.rows.toLocaleString("en"), columns: table.columns.length });
    const head = ["use", "column", "takenAs", "missingCells", "differentValues", "examples"].map((key) => make("th", { scope: "col" }, t(key)));
    const rows = table.columns.map((one, i) => this.columnRow(one, i, target));
    at("column-list").replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
  }

  columnRow(one, i, target) {
    const isTarget = one.column === target;
    const box = make("input", { type: "checkbox", id: `use-${i}`, checked: isTarget || !this.dropped.has(one.column), disabled: isTarget });
    label(box, `${t("use")}: ${one.column}`);
    box.addEventListener("change", () => this.dropped[box.checked ? "delete" : "add"](one.column));
    const kind = isTarget ? t("theTarget") : this.kind(one, i);
    const note = one.note ? [make("div", { className: "faint" }, one.note)] : [];
    const cells = [box, one.column, kind, String(one.missing), String(one.different)].map((cell) => make("td", {}, cell));
    return make("tr", { className: isTarget ? "target" : "" }, ...cells, make("td", {}, one.examples.join(", "), ...note));
  }

  /** What a column is taken as, to choose. */
  kind(one, i) {
    const chosen = this.state.kinds[one.column] ?? "";
    const text = (kind) => t(`kind.${kind.replace(/[ -]/g, "_")}`);
    const options = ["", ...this.state.named_kinds].map((value) => make("option", { value, selected: value === chosen }, value ? text(value) : chosen ? t("asItLooks") : text(one.kind)));
    const select = make("select", { id: `kind-${i}` }, ...options);
    label(select, `${t("takenAs")}: ${one.column}`);
    select.addEventListener("change", async () => {
      const found = await this.attempt(() => order("/api/tables/kinds", { column: one.column, kind: select.value }));
      if (found) this.take(found);
      this.showColumns();
      at(select.id).focus();
    });
    return select;
  }

  async train() {
    if (this.state.running) {
      const found = await this.attempt(() => order("/api/tables/stop", {}));
      if (found) this.take(found);
      return;
    }
    const target = at("table-target").value;
    const drop = [...this.dropped].filter((name) => name !== target);
    at("ask").hidden = at("answer").hidden = true;
    this.asked = null;
    const found = await this.attempt(() => order("/api/tables/train", { target, drop, task: at("table-task").value, effort: at("table-effort").value, settings: this.form.values() }));
    if (found) this.take(found);
  }

  showTraining() {
    const { running, epochs, failed, scores } = this.state;
    at("table-train").textContent = t(running ? "stop" : "train");
    at("table-curves").hidden = epochs.length < 2;
    at("table-progress").textContent = progressOf(this.state);
    at("table-progress").classList.toggle("bad", !running && Boolean(failed));
    const done = !running && scores?.done;
    at("table-result").replaceChildren(...(done ? resultOf(scores, (task) => this.attempt(task)) : []));
    this.draw();
  }

  draw() {
    drawEpochs(at("table-curves"), this.state?.epochs ?? []);
  }

  async makeForm(number) {
    this.asked = number;
    const columns = await this.attempt(() => ask("/api/tables/form", { number }));
    if (!columns) return;
    const fields = columns.map((column, i) => {
      const id = `ask-${i}`;
      const list = column.kind !== "number" && column.values.length ? [...new Set(["", ...column.values])] : null;
      const input = list
        ? make("select", { id }, ...list.map((value) => make("option", { value, selected: value === column.usual }, value || "–")))
        : make("input", { id, type: "text", value: column.usual, autocomplete: "off", className: "wide" });
      input.dataset.column = column.name;
      input.addEventListener("input", () => this.predictSoon());
      return make("div", { className: "field" }, make("label", { htmlFor: id }, column.name), make("div", { className: "control" }, input));
    });
    at("ask-fields").replaceChildren(...fields);
    at("ask").hidden = false;
    this.predict();
  }

  predictSoon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.predict(), 150);
  }

  async predict() {
    const inputs = [...at("ask-fields").querySelectorAll("[data-column]")];
    const row = Object.fromEntries(inputs.map((input) => [input.dataset.column, input.value]));
    const found = await this.attempt(() => order("/api/tables/predict", { number: this.asked, row }));
    at("answer").hidden = !found;
    if (found) at("answer-body").replaceChildren(...this.answer(found));
  }

  answer({ answer, probabilities, interval, explanation }) {
    const big = typeof answer === "number" ? amount(answer) : String(answer);
    const parts = [make("p", { className: "big-answer" }, big)];
    if (interval) parts.push(make("p", { className: "faint" }, t("interval", { low: amount(interval[0]), high: amount(interval[1]) })));
    if (probabilities) {
      const sorted = Object.entries(probabilities).sort((a, b) => b[1] - a[1]).slice(0, 5);
      parts.push(make("div", { className: "bars" }, ...sorted.flatMap(([name, p]) => bar(name, p, percent(p), classColour(1)))));
    }
    parts.push(make("h3", {}, t("whyAnswer", { name: explanation.explained })));
    const most = Math.max(1e-12, ...explanation.contributions.map((one) => Math.abs(one.contribution)));
    const bars = explanation.contributions.slice(0, 12).flatMap((one) => {
      const name = `${one.column} = ${one.cell || "–"}`;
      return bar(name, Math.abs(one.contribution) / most, amount(one.contribution), signed(one.contribution));
    });
    parts.push(make("div", { className: "bars" }, ...bars), make("p", { className: "faint" }, t("whyHelp", { average: amount(explanation.average) })));
    return parts;
  }
}
