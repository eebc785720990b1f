// Two columns of a CSV file as points: which ones, and what they predict.

import { droppable } from "./pictures.js";
import { order, send } from "./server.js";
import { make, t } from "./texts.js";

const at = (id) => document.getElementById(id);
const CHOICES = ["x", "y", "target"];
const captions = () => [t("columnX"), t("columnY"), t("columnTarget")];

export class PointTable {
  constructor({ attempt, accept }) {
    Object.assign(this, { attempt, accept });
    at("point-file").addEventListener("change", (event) => this.upload(event.target.files[0]));
    droppable(at("point-drop"), (files) => this.upload(files[0]));
  }

  async upload(file) {
    if (!file) return;
    const path = `/api/points/table?${new URLSearchParams({ name: file.name })}`;
    const found = await this.attempt(() => send(path, file, "text/csv"));
    at("point-file").value = "";
    if (!found) return;
    this.table = found;
    this.shown = 0;
    this.show();
    await this.choose(found.chosen);
  }

  /** Show what there is to choose from. */
  show() {
    if (!this.table) return;
    const { numbers, targets, chosen } = this.table;
    this.selects = CHOICES.map((name) => {
      const options = (name === "target" ? targets : numbers).map((value) => make("option", { value, selected: value === chosen[name] }, value));
      const select = make("select", { id: `point-${name}` }, ...options);
      select.addEventListener("change", () => this.choose(Object.fromEntries(CHOICES.map((one, i) => [one, this.selects[i].value]))));
      return select;
    });
    const fields = this.selects.map((select, i) =>
      make("div", { className: "field" }, make("label", { htmlFor: select.id }, captions()[i]), make("div", { className: "control" }, select)),
    );
    this.about = make("p", { className: "faint" });
    at("point-columns").replaceChildren(...fields, this.about);
    at("point-columns").hidden = false;
    this.count();
  }

  count() {
    const { name, rows } = this.table;
    if (this.shown) this.about.textContent = t("rowsShown", { n: this.shown.toLocaleString("en"), of: rows.toLocaleString("en"), name });
  }

  async choose(chosen) {
    const done = await this.attempt(() => order("/api/points/columns", chosen));
    if (!done) {
      this.show();
      return;
    }
    this.table.chosen = chosen;
    this.shown = done.settings.points.length;
    this.count();
    this.accept(done.settings);
  }
}
