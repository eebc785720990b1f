// The curves of the loss, and the histograms inside of the layers.

import { css, sharp, signed } from "./colours.js";
import { digits, label, make, t } from "./texts.js";

const MOST = 1200;

export class Curves {
  constructor() {
    this.canvas = document.getElementById("curves");
    this.log = document.getElementById("log");
    this.log.addEventListener("change", () => this.draw());
    this.rows = [];
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /** Add rows of epoch, loss, held-out loss and accuracy. */
  take(frame, fresh) {
    const added = frame.arrays.curve;
    if (fresh) this.rows = [];
    for (let i = 0; i < added.length; i += 4) this.rows.push(Array.from(added.subarray(i, i + 4)));
    if (this.rows.length > MOST) this.rows = this.rows.filter((_, i) => i % 2 === 0 || i === this.rows.length - 1);
    if (added.length || fresh) this.draw();
  }

  draw() {
    const last = this.rows.at(-1);
    label(this.canvas, t("curvesLabel", { training: digits(last?.[1]), heldOut: digits(last?.[2]) }));
    const series = [[2, "--held", [5, 3]], [1, "--training", []]].map(([column, colour, dash]) => ({
      points: this.rows.map((row) => [row[0], row[column]]),
      colour: css(colour),
      dash,
    }));
    drawLines(this.canvas, series, this.log.checked);
  }
}

/** Draw lines of points [x, y] over the epochs, from 0 or on a logarithmic scale. */
export function drawLines(canvas, series, log) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const c = sharp(canvas, width, height);
  const box = { left: 46, right: width - 6, top: 6, bottom: height - 18 };
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).filter((y) => Number.isFinite(y) && y > 0);
  const last = Math.max(1, ...series.map(({ points }) => points.at(-1)?.[0] ?? 1));
  const scale = scaleOf(values, box, log);
  axes(c, box, scale, last);
  for (const { points, colour, dash } of series) {
    c.strokeStyle = colour;
    c.lineWidth = 2;
    c.setLineDash(dash ?? []);
    c.lineJoin = "round";
    c.beginPath();
    let open = false;
    for (const [x, y] of points) {
      if (y === null || !Number.isFinite(y)) continue;
      const at = box.left + ((x - 1) / Math.max(1, last - 1)) * (box.right - box.left);
      c[open ? "lineTo" : "moveTo"](at, scale.y(y));
      open = true;
    }
    c.stroke();
  }
  c.setLineDash([]);
}

function scaleOf(values, box, log) {
  const tall = box.bottom - box.top;
  if (log && values.length) {
    const low = Math.floor(Math.log10(Math.min(...values)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
    const by = Math.ceil((high - low) / 4);
    const ticks = [];
    for (let power = low; power <= high; power += by) {
      ticks.push([10 ** power, power < -3 ? `1e${power}`.replace("-", "−") : String(Number((10 ** power).toPrecision(1)))]);
    }
    const y = (v) => box.bottom - ((Math.log10(Math.max(v, 10 ** low)) - low) / (high - low)) * tall;
    return { ticks, y };
  }
  const most = nice(values.length ? Math.max(1e-9, ...values) : 1);
  const ticks = [0, 0.5, 1].map((share) => [share * most, digits(share * most, 2)]);
  return { ticks, y: (v) => box.bottom - (Math.max(0, Math.min(v, most)) / most) * tall };
}

function axes(c, box, scale, epochs) {
  c.strokeStyle = css("--line");
  c.fillStyle = css("--faint");
  c.font = "11px system-ui, sans-serif";
  c.lineWidth = 1;
  c.textAlign = "right";
  c.textBaseline = "middle";
  for (const [value, text] of scale.ticks) {
    const y = Math.round(scale.y(value)) + 0.5;
    c.beginPath();
    c.moveTo(box.left, y);
    c.lineTo(box.right, y);
    c.stroke();
    c.fillText(text, box.left - 6, y);
  }
  c.textBaseline = "top";
  c.fillText(epochs.toLocaleString("en"), box.right, box.bottom + 4);
  c.textAlign = "left";
  c.fillText("1", box.left, box.bottom + 4);
}

function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((m) => m * power >= value * 0.999) * power;
}

export class Histograms {
  constructor() {
    this.root = document.getElementById("histograms");
    this.cells = {};
  }

  /** Show the histograms of a frame: a row for each layer. */
  take(frame) {
    const shape = JSON.stringify(frame.histograms.map((one) => one.name));
    if (shape !== this.shape) {
      this.shape = shape;
      this.build(frame);
    }
    const hidden = frame.dead.length;
    for (const { name, low, high } of frame.histograms) {
      const cell = this.cells[name];
      const counts = frame.arrays[`histogram.${name}`];
      if (cell && counts) this.draw(cell, counts, low, high);
    }
    for (let stage = 0; stage < hidden; stage++) {
      const n = frame.dead[stage];
      const of = frame.arrays[`b.${stage}`].length;
      this.notes[stage].textContent = n ? t("dead", { n, of }) : "";
    }
  }

  build(frame) {
    const hidden = frame.dead.length;
    const stages = frame.histograms.filter((one) => one.name.startsWith("dW.")).length;
    this.cells = {};
    this.notes = [];
    const heads = ["activations", "weightsW", "gradientsW"].map((key) => make("div", { className: "histogram-head" }, t(key)));
    const rows = [];
    for (let stage = 0; stage < stages; stage++) {
      const title = stage < hidden ? t("layerTitle", { n: stage + 1 }) : t("outputTitle");
      this.notes[stage] = make("span", { className: "bad" });
      rows.push(make("div", { className: "histogram-title" }, title, " ", this.notes[stage]));
      for (const what of ["Y", "W", "dW"]) rows.push(this.cell(`${what}.${stage}`, what !== "Y" || stage < hidden));
    }
    this.root.replaceChildren(make("div", { className: "histogram-grid" }, ...heads, ...rows));
  }

  cell(name, used) {
    if (!used) return make("div");
    const canvas = make("canvas", { role: "img" });
    const text = make("div", { className: "range" });
    this.cells[name] = { canvas, text, name };
    return make("div", { className: "histogram" }, canvas, text);
  }

  draw({ canvas, text, name }, counts, low, high) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    const c = sharp(canvas, width, height);
    const most = Math.max(...counts);
    const bar = width / counts.length;
    counts.forEach((count, i) => {
      const middle = low + ((i + 0.5) / counts.length) * (high - low);
      const tall = count ? Math.max(1, (Math.sqrt(count / most)) * (height - 2)) : 0;
      c.fillStyle = signed(middle);
      c.globalAlpha = 0.8;
      c.fillRect(i * bar + 0.5, height - tall, Math.max(1, bar - 1), tall);
    });
    c.globalAlpha = 1;
    c.strokeStyle = css("--line");
    c.beginPath();
    c.moveTo(0, height - 0.5);
    c.lineTo(width, height - 0.5);
    c.stroke();
    const shown = `${digits(low, 2)} … ${digits(high, 2)}`;
    if (text.textContent !== shown) text.textContent = shown;
    label(canvas, `${name}: ${shown}`);
  }
}
