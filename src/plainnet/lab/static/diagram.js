// The network: a column of units for each layer, with their surfaces, and lines for the weights.

import { css, onTheme, picture, sharp, signed } from "./colours.js";
import { digits, label, make, t } from "./texts.js";

const SIDE = 32;
const INPUTS = {
  x: (x) => x,
  y: (x, y) => y,
  "x²": (x) => x * x,
  "y²": (x, y) => y * y,
  xy: (x, y) => x * y,
  "sin x": (x) => Math.sin(x),
  "sin y": (x, y) => Math.sin(y),
};

export class Diagram {
  constructor(description, { change, choose, preview }) {
    Object.assign(this, { description, change, choose, preview });
    this.root = document.getElementById("diagram");
    this.links = document.getElementById("links");
    this.tip = document.getElementById("tip");
    this.gradients = false;
    this.chosen = null;
    this.atlas = make("canvas");
    this.root.addEventListener("pointermove", (event) => this.hover(event));
    this.root.addEventListener("pointerleave", () => this.hideTip());
    document.getElementById("fewer-layers").addEventListener("click", () => this.resize(-1));
    document.getElementById("more-layers").addEventListener("click", () => this.resize(1));
    new ResizeObserver(() => this.layout()).observe(this.root);
    onTheme(() => this.frame && this.build());
  }

  resize(by) {
    const hidden = [...this.settings.hidden];
    if (by < 0) hidden.pop();
    else hidden.push(hidden.at(-1) ?? 4);
    this.change({ hidden });
  }

  setUnits(layer, by) {
    const hidden = [...this.settings.hidden];
    hidden[layer] += by;
    this.change({ hidden });
  }

  toggle(name) {
    const has = this.settings.features.includes(name);
    const features = this.description.features.filter((one) => (one === name ? !has : this.settings.features.includes(one)));
    if (features.length) this.change({ features });
  }

  /** Take a frame and draw it; the columns are made again when the layers have changed. */
  take(frame, settings) {
    this.frame = frame;
    this.settings = settings;
    const outputs = frame.arrays.surface.shape[0];
    const shape = JSON.stringify([settings.hidden, settings.features, outputs, settings.activation, settings.activations]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.build();
    }
    this.draw();
  }

  build() {
    if (!this.settings) return;
    const { hidden, features } = this.settings;
    const { limits } = this.description;
    const outputs = this.frame.arrays.surface.shape[0];
    const focused = document.activeElement?.id;
    const inputs = this.description.features.map((name) => {
      const on = features.includes(name);
      const button = this.tile(`feature-${name}`, t(on ? "featureOn" : "featureOff", { name }), () => this.toggle(name));
      button.setAttribute("aria-pressed", on);
      button.prepend(make("span", { className: "name" }, name));
      return button;
    });
    this.inputs = inputs;
    this.tiles = [inputs.filter((_, i) => features.includes(this.description.features[i]))];
    const columns = [this.column(t("inputs"), inputs, "inputs")];
    hidden.forEach((n, stage) => {
      const units = Array.from({ length: n }, (_, unit) =>
        this.unitTile(stage, unit, t("unitLabel", { n: stage + 1, unit: unit + 1 })),
      );
      this.tiles.push(units);
      const stepper = make("div", { className: "stepper small" });
      for (const [by, sign, key, ends] of [[-1, "−", "fewerUnits", n <= 1], [1, "+", "moreUnits", n >= limits.units]]) {
        const button = make("button", { type: "button", id: `${key}-${stage}`, disabled: ends }, sign);
        label(button, t(key, { n: stage + 1 }));
        button.addEventListener("click", () => this.setUnits(stage, by));
        stepper.append(button);
        if (by < 0) stepper.append(make("span", { title: t("units", { n }) }, String(n)));
      }
      columns.push(this.column([stepper, this.activation(stage)], units));
    });
    const answers = Array.from({ length: outputs }, (_, unit) =>
      this.unitTile(hidden.length, unit, t("outputLabel", { unit: unit + 1 })),
    );
    this.tiles.push(answers);
    columns.push(this.column(t("answer"), answers, "answers"));
    this.root.replaceChildren(this.links, ...columns);
    const n = hidden.length;
    document.getElementById("layer-count").textContent = n === 1 ? t("layersOne") : t("layers", { n });
    document.getElementById("fewer-layers").disabled = n === 0;
    document.getElementById("more-layers").disabled = n >= limits.layers;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    this.layout();
  }

  /** The activation of a layer, to choose. */
  activation(stage) {
    const { hidden, activation, activations } = this.settings;
    const names = activations.length ? activations : hidden.map(() => activation);
    const options = this.description.parameters.activation.names.map((value) => make("option", { value, selected: value === names[stage] }, value));
    const select = make("select", { id: `activation-${stage}`, className: "layer-activation" }, ...options);
    label(select, t("activationOf", { n: stage + 1 }));
    select.addEventListener("change", () => this.change({ activations: names.map((name, i) => (i === stage ? select.value : name)) }));
    return select;
  }

  column(head, tiles, kind = "") {
    const heading = make("div", { className: "column-head" }, ...[head].flat());
    return make("div", { className: `column ${kind}` }, heading, make("div", { className: "units" }, ...tiles));
  }

  tile(id, text, press) {
    const button = make("button", { type: "button", className: "tile", id }, make("span", { className: "face" }));
    label(button, text);
    button.addEventListener("click", press);
    return button;
  }

  unitTile(stage, unit, text) {
    const button = this.tile(`unit-${stage}-${unit}`, text, () => this.pick(stage, unit));
    const hidden = stage < this.settings.hidden.length;
    for (const on of ["pointerenter", "focus"]) button.addEventListener(on, () => this.preview(hidden ? { stage, unit } : null));
    for (const off of ["pointerleave", "blur"]) button.addEventListener(off, () => this.preview(null));
    return button;
  }

  pick(stage, unit) {
    this.chosen = { stage, unit };
    this.choose(this.chosen);
    this.draw();
  }

  /** Find where the tiles are, for the lines between them. */
  layout() {
    if (!this.tiles) return;
    const columns = this.tiles.length;
    const most = Math.max(this.description.features.length, ...this.tiles.map((units) => units.length));
    const wide = this.root.clientWidth;
    this.root.classList.toggle("many", columns > 6);
    const side = Math.max(20, Math.min(40, wide / (columns * 2.1), 420 / most - 6));
    this.root.style.setProperty("--tile", `${Math.round(side)}px`);
    const box = this.root.getBoundingClientRect();
    const [left, top] = [box.left - this.root.scrollLeft, box.top];
    const place = (tile) => {
      const one = tile.lastChild.getBoundingClientRect();
      return { left: one.left - left, right: one.right - left, y: one.top + one.height / 2 - top, side: one.width };
    };
    this.places = this.tiles.map((units) => units.map(place));
    this.inputPlaces = this.inputs.map(place);
    this.size = [this.root.scrollWidth, this.root.clientHeight];
    this.draw();
  }

  draw() {
    if (!this.frame || !this.places) return;
    this.tiles.forEach((units, column) =>
      units.forEach((tile, unit) => tile.classList.toggle("chosen", this.chosen?.stage === column - 1 && this.chosen?.unit === unit)),
    );
    this.drawLinks();
    this.drawTiles();
  }

  /** Draw the surfaces of all units. */
  drawTiles() {
    const c = this.links.getContext("2d");
    const { arrays } = this.frame;
    const pictures = this.inputPlaces.map((at, i) => {
      const name = this.description.features[i];
      return [at, inputBytes(name), SIDE, this.settings.features.includes(name) ? 1 : 0.38];
    });
    this.places.slice(1).forEach((units, stage) => {
      const all = stage < this.settings.hidden.length ? arrays[`units.${stage}`] : arrays.surface;
      const size = all.length / all.shape[0];
      units.forEach((at, unit) => {
        const kind = all === arrays.surface && all.shape[0] > 1 ? unit : null;
        if (unit < all.shape[0]) pictures.push([at, all.subarray(unit * size, (unit + 1) * size), Math.sqrt(size), 1, kind]);
      });
    });
    [this.atlas.width, this.atlas.height] = [64 * pictures.length, 64];
    const atlas = this.atlas.getContext("2d");
    pictures.forEach(([, bytes, side, , kind], i) => atlas.putImageData(picture(bytes, side, 1, kind), 64 * i, 0));
    c.strokeStyle = css("--line");
    c.lineWidth = 1;
    pictures.forEach(([at, , side, alpha], i) => {
      const [x, y] = [at.left, at.y - at.side / 2];
      c.save();
      c.globalAlpha = alpha;
      c.beginPath();
      c.roundRect(x, y, at.side, at.side, 6);
      c.clip();
      c.drawImage(this.atlas, 64 * i + 0.5, 0.5, side - 1, side - 1, x, y, at.side, at.side);
      c.restore();
      c.beginPath();
      c.roundRect(x, y, at.side, at.side, 6);
      c.stroke();
    });
  }

  drawLinks() {
    const c = sharp(this.links, ...this.size);
    this.links.style.width = `${this.size[0]}px`;
    this.links.style.height = `${this.size[1]}px`;
    const what = this.gradients ? "dW" : "W";
    for (let stage = 0; stage + 1 < this.places.length; stage++) {
      const W = this.frame.arrays[`${what}.${stage}`];
      const [from, to] = [this.places[stage], this.places[stage + 1]];
      if (!W || W.length !== from.length * to.length) continue;
      let most = 1e-12;
      for (const w of W) most = Math.max(most, Math.abs(w));
      if (!this.gradients) most = Math.max(most, 1);
      from.forEach((a, i) => {
        to.forEach((b, j) => {
          const w = W[i * to.length + j];
          const share = Math.min(1, Math.abs(w) / most);
          if (!(share > 0.004)) return;
          c.strokeStyle = signed(w);
          c.globalAlpha = 0.12 + 0.75 * share;
          c.lineWidth = 0.5 + 5 * share;
          c.beginPath();
          c.moveTo(a.right, a.y);
          const middle = (a.right + b.left) / 2;
          c.bezierCurveTo(middle, a.y, middle, b.y, b.left, b.y);
          c.stroke();
        });
      });
    }
    c.globalAlpha = 1;
    this.drawHovered(c);
  }

  drawHovered(c) {
    if (!this.hovered) return;
    const { stage, i, j } = this.hovered;
    const [a, b] = [this.places[stage]?.[i], this.places[stage + 1]?.[j]];
    if (!a || !b) return;
    c.strokeStyle = css("--ink");
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(a.right, a.y);
    const middle = (a.right + b.left) / 2;
    c.bezierCurveTo(middle, a.y, middle, b.y, b.left, b.y);
    c.stroke();
  }

  /** Show the numbers of the line under the pointer. */
  hover(event) {
    if (!this.places || event.target !== this.links) {
      this.hideTip();
      return;
    }
    const box = this.root.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left + this.root.scrollLeft, event.clientY - box.top];
    this.hovered = this.nearest(x, y);
    if (!this.hovered) {
      this.hideTip();
      return;
    }
    const { stage, i, j } = this.hovered;
    const columns = this.places[stage + 1].length;
    const [w, dw] = ["W", "dW"].map((what) => this.frame.arrays[`${what}.${stage}`]?.[i * columns + j]);
    this.tip.textContent = t("weightTip", { w: digits(w), dw: digits(dw) });
    this.tip.hidden = false;
    this.tip.style.left = `${Math.min(event.clientX + 14, innerWidth - this.tip.offsetWidth - 8)}px`;
    this.tip.style.top = `${event.clientY + 16}px`;
    this.draw();
  }

  hideTip() {
    this.tip.hidden = true;
    if (!this.hovered) return;
    this.hovered = null;
    this.draw();
  }

  nearest(x, y) {
    let best = { distance: 7 };
    for (let stage = 0; stage + 1 < this.places.length; stage++) {
      this.places[stage].forEach((a, i) => {
        this.places[stage + 1].forEach((b, j) => {
          if (x < a.right || x > b.left) return;
          const distance = Math.abs(y - curveAt(a, b, (x - a.right) / (b.left - a.right)));
          if (distance < best.distance) best = { distance, stage, i, j };
        });
      });
    }
    return "stage" in best ? best : null;
  }
}

/** The height of a line, a Bézier curve, at a share of its way to the right. */
function curveAt(a, b, share) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 14; i++) {
    const u = (low + high) / 2;
    if (1.5 * u - 1.5 * u * u + u * u * u < share) low = u;
    else high = u;
  }
  return a.y + (b.y - a.y) * (3 * low * low - 2 * low * low * low);
}

const inputs = {};

function inputBytes(name) {
  if (inputs[name]) return inputs[name];
  const f = INPUTS[name];
  const values = [];
  for (let i = 0; i < SIDE * SIDE; i++) {
    const x = 3 * ((((i % SIDE) + 0.5) * 2) / SIDE - 1);
    const y = -3 * (((Math.floor(i / SIDE) + 0.5) * 2) / SIDE - 1);
    values.push(f(x, y));
  }
  const most = Math.max(...values.map(Math.abs));
  return (inputs[name] = Uint8Array.from(values, (value) => Math.round(128 + (127 * value) / most)));
}

