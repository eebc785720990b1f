// The colours of classes and numbers, which most people who are colour-blind can distinguish.

export const CLASSES = ["#e07b1a", "#2272b5", "#149174", "#b0509c", "#8a6d1f"];
const DARK_CLASSES = ["#f0953f", "#4fa3e3", "#33b596", "#d37fc3", "#c2a24a"];

let dark = false;
const listeners = [];
const system = matchMedia("(prefers-color-scheme: dark)");

export function isDark() {
  return dark;
}

export function onTheme(listener) {
  listeners.push(listener);
}

export function applyTheme() {
  const chosen = localStorage.getItem("plainnet-theme");
  dark = chosen ? chosen === "dark" : system.matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const listener of listeners) listener();
}

export function switchTheme() {
  localStorage.setItem("plainnet-theme", dark ? "light" : "dark");
  applyTheme();
}

system.addEventListener("change", applyTheme);

export function classColour(i) {
  return (dark ? DARK_CLASSES : CLASSES)[i];
}

export function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mixed = (a, b, share) => a.map((value, i) => value + (b[i] - value) * share);

function neutral() {
  return rgb(dark ? "#20262d" : "#f6f5f2");
}

const cache = {};

/** 256 colours from the first class over a neutral one to the second. */
function scale() {
  const key = `${dark}`;
  if (!cache[key]) {
    const [low, high] = [rgb(classColour(0)), rgb(classColour(1))];
    cache[key] = Array.from({ length: 256 }, (_, i) => {
      const at = (i - 128) / 127;
      return mixed(neutral(), at < 0 ? low : high, 0.66 * Math.min(1, Math.abs(at)) ** 0.9);
    });
  }
  return cache[key];
}

/** 256 colours from a neutral one to that of a class. */
function scaleOf(kind) {
  const high = rgb(classColour(kind));
  return Array.from({ length: 256 }, (_, i) => mixed(neutral(), high, (0.75 * i) / 255));
}

/** The picture of a surface: bytes `(K, side²)`; with several classes their probabilities. With
 * a kind, the probabilities of this class alone. */
export function picture(bytes, side, classes = 1, kind = null) {
  const image = new ImageData(side, side);
  const n = side * side;
  const table = classes > 1 ? null : kind === null ? scale() : scaleOf(kind);
  const colours = Array.from({ length: classes }, (_, k) => rgb(classColour(k)));
  for (let i = 0; i < n; i++) {
    const colour = table ? table[bytes[i]] : blended(bytes, i, n, colours);
    image.data.set([colour[0], colour[1], colour[2], 255], 4 * i);
  }
  return image;
}

function blended(bytes, i, n, colours) {
  const sum = [0, 0, 0];
  let total = 0;
  let most = 0;
  colours.forEach((colour, k) => {
    const p = bytes[k * n + i];
    total += p;
    most = Math.max(most, p);
    for (let c = 0; c < 3; c++) sum[c] += p * colour[c];
  });
  const K = colours.length;
  const strength = Math.max(0, (most / 255 - 1 / K) / (1 - 1 / K));
  return mixed(neutral(), sum.map((value) => value / (total || 1)), 0.66 * strength ** 0.7);
}

/** The colour of a signed number from −1 to 1. */
export function signed(value) {
  return classColour(value < 0 ? 0 : 1);
}

/** Make a canvas as sharp as the screen; returns its context, in CSS pixels. */
export function sharp(canvas, width, height) {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
