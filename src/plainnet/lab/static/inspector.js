// The formulas of a unit and its layer, forward and backward, with the numbers of the moment.

import { ask } from "./server.js";
import { digits, getLanguage, make, t } from "./texts.js";

const LETTERS = { gamma: "γ", beta: "β", alpha: "α" };

export class Inspector {
  constructor(getState) {
    this.getState = getState;
    this.root = document.getElementById("inspector");
    this.help = document.getElementById("formulas-help");
    this.busy = false;
  }

  /** Ask for the numbers of the chosen unit; while one answer is awaited, later calls join. */
  async refresh() {
    const { chosen, at, settings, frame } = this.getState();
    if (!chosen || frame?.training.loss === undefined) return; // without points there are no numbers
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      const query = { layer: chosen.stage, unit: chosen.unit, x: at[0], y: at[1] };
      const found = await ask("/api/points/layer", query);
      if (found.samples) this.show(found, chosen, at, settings);
    } catch (error) {
      this.shape = null;
      this.root.replaceChildren(make("p", { className: "faint" }, error.message));
    }
    setTimeout(() => {
      this.busy = false;
      if (this.again) {
        this.again = false;
        this.refresh();
      }
    }, 300);
  }

  show(found, chosen, at, settings) {
    const { stage, unit } = chosen;
    const output = stage === settings.hidden.length;
    const place = { n: stage + 1, unit: unit + 1 };
    this.help.hidden = true;
    const parts = [make("h3", {}, t(output ? "outputUnit" : "unitTitle", place))];
    parts.push(make("p", { className: "faint" }, t("atPoint", { x: digits(at[0]), y: digits(at[1]) })));
    parts.push(this.terms(found, stage, settings));
    parts.push(make("p", { className: "formula" }, ...this.result(found)));
    parts.push(make("h3", {}, t("onAll", { n: found.samples })));
    for (const layer of found.layers) parts.push(this.layer(layer));
    if (found.loss) parts.push(this.loss(found.loss));
    const shape = JSON.stringify([found.layers.map((one) => one.name), unit, stage, getLanguage()]);
    const cells = parts.flatMap(leaves);
    if (shape === this.shape && cells.length === this.cells.length) {
      cells.forEach((text, i) => {
        if (this.cells[i].data !== text.data) this.cells[i].data = text.data;
      });
      return;
    }
    this.shape = shape;
    this.cells = cells;
    this.root.replaceChildren(...parts);
  }

  /** Every term of the unit's sum. */
  terms({ unit }, stage, settings) {
    const head = ["input", "value", "weight", "product", "gradient"].map((key) => t(key));
    const rows = unit.x.map((x, k) => {
      const name = stage === 0 ? settings.features[k] : `${stage}.${k + 1}`;
      return [name, digits(x), digits(unit.w[k]), digits(x * unit.w[k]), digits(unit.dw[k])];
    });
    rows.push([t("bias"), "1", digits(unit.b), digits(unit.b), digits(unit.db)]);
    rows.push([t("sum"), "", "", digits(unit.z), ""]);
    return table(head, rows, "terms");
  }

  /** What follows the sum: z, normalization, activation; of an output its probability. */
  result({ unit, layers, loss }) {
    const parts = [];
    unit.outputs.slice(1).forEach((value, k) => {
      const { formula, name } = layers[k + 1];
      parts.push(make("span", {}, `${formula || name} = `), make("b", {}, digits(value, 4)), make("br"));
    });
    if (unit.p !== null && loss) {
      const formula = loss.formulas.P || "Z";
      parts.push(make("span", {}, `${formula} = `), make("b", {}, digits(unit.p, 4)));
    }
    return parts;
  }

  layer({ name, formula, parameters, Y, backward }) {
    const rows = Object.entries(parameters).map(([letter, numbers]) => [LETTERS[letter] ?? letter, numbers]);
    rows.push([formula || "Y", Y]);
    const parts = [make("h4", {}, name), numberTable(t("forward"), rows)];
    if (backward) {
      const known = Object.fromEntries(backward.formulas.map((one) => [one.split(" ")[0], one]));
      const found = Object.entries(backward.gradients).map(([letter, numbers]) => {
        const own = letter.slice(1);
        const greek = own in LETTERS ? `d${LETTERS[own]}` : letter;
        return [known[greek] ?? known[letter] ?? greek, numbers];
      });
      parts.push(numberTable(t("backward"), [["dY", backward.dY], ...found]));
    }
    return make("div", { className: "layer" }, ...parts);
  }

  loss({ name, formulas, J, dZ, Z, P }) {
    const rows = [["Z", Z]];
    if (P) rows.push([formulas.P || "P", P]);
    rows.push([formulas.dZ || "dZ", dZ]);
    const value = make("p", { className: "formula" }, `${formulas.J || "J"} = `, make("b", {}, digits(J, 4)));
    return make("div", { className: "layer" }, make("h4", {}, name), value, numberTable("", rows));
  }
}

function numberTable(title, rows) {
  const head = [title, "shape", "min", "mean", "max", "norm"].map((key, i) => (i ? t(key) : key));
  const cells = rows.map(([letter, n]) => [letter, n.shape.join("×"), ...[n.low, n.mean, n.high, n.norm].map((v) => digits(v))]);
  return table(head, cells, "numbers");
}

function table(head, rows, className) {
  const line = (tag, cells) => make("tr", {}, ...cells.map((cell) => make(tag, tag === "th" ? { scope: "col" } : {}, cell)));
  const body = make("tbody", {}, ...rows.map((row) => line("td", row)));
  return make("table", { className }, make("thead", {}, line("th", head)), body);
}

/** The texts inside of an element. */
function leaves(node) {
  return node.nodeType === Node.TEXT_NODE ? [node] : [...node.childNodes].flatMap(leaves);
}
