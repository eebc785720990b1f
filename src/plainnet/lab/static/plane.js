// The plane: what the network answers everywhere, the points, and drawing points of one's own.

import { classColour, css, isDark, picture, sharp } from "./colours.js";
import { radios } from "./form.js";
import { amount, label, make, t } from "./texts.js";

const SIDE = 64;
const UNIT_SIDE = 32;

export class Plane {
  constructor({ reach, classes }, { changePoints, isSending, look }) {
    Object.assign(this, { reach, classes, changePoints, isSending, look });
    this.canvas = document.getElementById("plane");
    this.surface = document.getElementById("surface");
    this.buffer = make("canvas", { width: SIDE, height: SIDE });
    this.at = [1, 1];
    this.tool = "look";
    this.unit = null;
    this.own = [];
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.down && this.use(this.place(event)));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => this.release());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    document.getElementById("clear").addEventListener("click", () => changePoints([]));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /** Take a frame; points come only when they have changed. */
  take(frame, settings) {
    this.frame = frame;
    if (frame.arrays["points.X"]) {
      this.points = {
        X: frame.arrays["points.X"],
        y: frame.arrays["points.y"],
        held: frame.arrays["points.held_out"],
      };
      if (!this.down && !this.isSending()) this.own = settings.points; // else there are newer ones
      this.settings = settings;
      this.makeTools();
      document.getElementById("clear").hidden = !this.own.length;
      this.draw();
    }
    this.drawSurface();
  }

  get regression() {
    return this.classes[this.settings.data] === 0;
  }

  makeTools(force = false) {
    const n = this.regression ? 2 : Math.max(2, this.frame.arrays.surface.shape[0]);
    const kind = JSON.stringify([this.regression, n, this.settings.axes]);
    if (this.kind === kind && !force) return;
    this.kind = kind;
    const tools = ["look", ...Array.from({ length: n }, (_, i) => i), "erase"];
    if (!tools.includes(this.tool)) this.tool = "look";
    const names = tools.map((tool) => {
      if (tool === "look") return t("toolLook");
      if (tool === "erase") return t("toolErase");
      return this.regression ? t("toolDrawNumber", { n: tool ? "1" : "−1" }) : t("toolDraw", { n: this.className(tool) });
    });
    const buttons = tools.map((tool, i) => {
      const button = make("button", { type: "button", className: "tool" }, this.icon(tool));
      label(button, names[i]);
      return button;
    });
    const root = document.getElementById("plane-tools");
    root.replaceChildren(...buttons);
    const show = radios(root, buttons, (i) => {
      this.tool = tools[i];
      show(i);
    });
    show(tools.indexOf(this.tool));
    label(this.canvas, t("planeLabel"));
    this.showClasses();
  }

  /** The name of a class: that in the table the points came from, or its number. */
  className(kind) {
    return this.settings.axes[2]?.[1 + kind] ?? kind + 1;
  }

  /** Say which mark is which class, if the classes have names. */
  showClasses() {
    const { axes } = this.settings;
    const names = axes.length && !this.regression ? axes[2].slice(1) : [];
    const parts = names.flatMap((name, kind) => [this.icon(kind), make("span", {}, name)]);
    document.getElementById("class-names").replaceChildren(...(parts.length ? [make("span", {}, `${axes[2][0]}:`), ...parts] : []));
  }

  icon(tool) {
    const canvas = make("canvas", { className: "tool-icon" });
    canvas.dataset.tool = tool;
    const c = sharp(canvas, 20, 20);
    c.strokeStyle = c.fillStyle = css("--ink");
    c.lineWidth = 1.6;
    c.beginPath();
    if (tool === "look") {
      c.arc(10, 10, 4.5, 0, 7);
      for (const [x, y] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) {
        c.moveTo(10 + 4.5 * x, 10 + 4.5 * y);
        c.lineTo(10 + 8 * x, 10 + 8 * y);
      }
      c.stroke();
    } else if (tool === "erase") {
      c.moveTo(5, 5);
      c.lineTo(15, 15);
      c.moveTo(15, 5);
      c.lineTo(5, 15);
      c.stroke();
    } else {
      mark(c, 10, 10, tool, 5.2);
      c.fillStyle = classColour(tool);
      c.fill();
    }
    return canvas;
  }

  /** Draw what the network, or one unit, answers everywhere. */
  drawSurface() {
    if (!this.frame) return;
    const { surface } = this.frame.arrays;
    const units = this.unit && this.frame.arrays[`units.${this.unit.stage}`];
    const side = units ? UNIT_SIDE : SIDE;
    const n = side * side;
    const bytes = units ? units.subarray(this.unit.unit * n, (this.unit.unit + 1) * n) : surface;
    if (this.buffer.width !== side) this.buffer.width = this.buffer.height = side;
    this.buffer.getContext("2d").putImageData(picture(bytes, side, units ? 1 : surface.shape[0]), 0, 0);
    const c = this.surface.getContext("2d");
    c.imageSmoothingQuality = "high";
    c.drawImage(this.buffer, 0, 0, this.surface.width, this.surface.height);
  }

  /** Draw axes, points and the point that is looked at, above the surface. */
  draw() {
    if (!this.frame || !this.points) return;
    const size = this.canvas.clientWidth;
    const c = sharp(this.canvas, size, size);
    this.drawAxes(c, size);
    this.drawPoints(c, size);
    const [x, y] = this.pixel(this.at, size);
    c.strokeStyle = css("--ink");
    c.lineWidth = 1.5;
    c.beginPath();
    c.arc(x, y, 8, 0, 7);
    for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) {
      c.moveTo(x + 8 * dx, y + 8 * dy);
      c.lineTo(x + 12 * dx, y + 12 * dy);
    }
    c.stroke();
  }

  drawAxes(c, size) {
    c.strokeStyle = isDark() ? "#ffffff1c" : "#0000001a";
    c.lineWidth = 1;
    c.beginPath();
    for (let at = -this.reach + 1; at < this.reach; at++) {
      const p = Math.round(((at + this.reach) / (2 * this.reach)) * size) + 0.5;
      const long = at === 0 ? size : 5;
      c.moveTo(p, size);
      c.lineTo(p, size - long);
      c.moveTo(0, p);
      c.lineTo(long, p);
    }
    c.stroke();
    c.fillStyle = isDark() ? "#ffffff99" : "#00000080";
    c.font = "11px system-ui, sans-serif";
    c.textBaseline = "bottom";
    const [horizontal, vertical] = this.settings.axes;
    for (const at of [-2, 2]) {
      const p = ((at + this.reach) / (2 * this.reach)) * size;
      c.textAlign = "center";
      c.fillText(tick(at, horizontal), p, size - 6);
      c.textAlign = "left";
      c.fillText(tick(-at, vertical), 8, p + 6);
    }
    if (!horizontal) return;
    c.textAlign = "right";
    c.fillText(horizontal[0], size - 8, size - 22, size / 2);
    c.textAlign = "left";
    c.fillText(vertical[0], 8, 18, size / 2);
  }

  drawPoints(c, size) {
    const { X, y, held } = this.points;
    const r = Math.max(2.4, Math.min(3.6, size / 100));
    const border = isDark() ? "#0d1116" : "#ffffff";
    for (let i = 0; i < y.length; i++) {
      const [px, py] = this.pixel([X[2 * i], X[2 * i + 1]], size);
      const [kind, share] = this.regression ? [y[i] < 0 ? 0 : 1, Math.min(1, 0.35 + 0.65 * Math.abs(y[i]))] : [y[i], 1];
      mark(c, px, py, this.regression ? 1 : kind, r);
      c.globalAlpha = share;
      if (held[i]) {
        c.fillStyle = border;
        c.fill();
        c.lineWidth = 1.8;
        c.strokeStyle = strong(kind);
        c.stroke();
      } else {
        c.lineWidth = 1.2;
        c.strokeStyle = border;
        c.fillStyle = strong(kind);
        c.fill();
        c.stroke();
      }
    }
    c.globalAlpha = 1;
  }

  pixel([x, y], size) {
    return [((x + this.reach) / (2 * this.reach)) * size, ((this.reach - y) / (2 * this.reach)) * size];
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const clipped = at.map((share) => Math.max(0, Math.min(1, share)));
    return [round((2 * clipped[0] - 1) * this.reach), round((1 - 2 * clipped[1]) * this.reach)];
  }

  press(event) {
    this.down = true;
    this.canvas.setPointerCapture(event.pointerId);
    this.use(this.place(event), true);
  }

  release() {
    if (!this.down) return;
    this.down = false;
    if (this.tool !== "look") this.changePoints(this.own);
    this.last = null;
  }

  /** Use the tool at a place. */
  use(place, first = false) {
    if (this.tool === "look") {
      this.at = place;
      this.look(place);
    } else if (this.tool === "erase") {
      this.own = this.own.filter(([x, y]) => Math.hypot(x - place[0], y - place[1]) > 0.25);
      this.changePoints(this.own);
    } else if (first || !this.last || Math.hypot(place[0] - this.last[0], place[1] - this.last[1]) > 0.25) {
      this.last = place;
      this.own = [...this.own, [...place, this.regression ? 2 * this.tool - 1 : this.tool]];
      this.changePoints(this.own);
    }
    this.draw();
  }

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (by) {
      event.preventDefault();
      const step = event.shiftKey ? 0.5 : 0.1;
      this.at = this.at.map((value, i) => round(Math.max(-this.reach, Math.min(this.reach, value + step * by[i]))));
      this.look(this.at);
      this.draw();
    } else if (event.key === "Enter" && this.tool !== "look") {
      event.preventDefault();
      this.use(this.at, true);
    }
  }
}

/** A place on an axis, in the units of the column that it shows. */
const tick = (at, axis) => (axis ? amount(Number((axis[1] + at * axis[2]).toPrecision(3))) : String(at).replace("-", "−"));
const round = (value) => Math.round(value * 100) / 100;

/** The mark of a class: a circle, a square, a triangle, a diamond, a triangle upside down. */
function mark(c, x, y, kind, r) {
  c.beginPath();
  if (kind === 0) c.arc(x, y, r, 0, 7);
  else if (kind === 1) c.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r);
  else {
    const corners = kind === 3 ? 4 : 3;
    const turn = kind === 4 ? Math.PI : 0;
    for (let i = 0; i < corners; i++) {
      const angle = -Math.PI / 2 + turn + (2 * Math.PI * i) / corners;
      c[i ? "lineTo" : "moveTo"](x + 1.3 * r * Math.cos(angle), y + 1.3 * r * Math.sin(angle));
    }
    c.closePath();
  }
}

const STRONG = ["#b85a06", "#12538c", "#0b6b55", "#8a2f77", "#66500f"];

/** The colour of points, which stand out against their own class's surface. */
function strong(kind) {
  return isDark() ? classColour(kind) : STRONG[kind];
}
