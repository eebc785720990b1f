// The page: what the server says is shown, what the user does is sent. The server holds all state.

import { Curves, Histograms } from "./charts.js";
import { applyTheme, classColour, css, onTheme, switchTheme } from "./colours.js";
import { Diagram } from "./diagram.js";
import { Form, radios } from "./form.js";
import { Inspector } from "./inspector.js";
import { Pictures } from "./pictures.js";
import { Plane } from "./plane.js";
import { PointTable } from "./point_table.js";
import { Runs } from "./runs.js";
import { Tables } from "./tables.js";
import { Refused, ask, order, watch } from "./server.js";
import { fromFragment, toFragment } from "./state.js";
import { digits, getLanguage, label, loadTexts, make, percent, setLanguage, t } from "./texts.js";

const at = (id) => document.getElementById(id);
const state = { settings: null, status: null, frame: null, frames: 0 };

applyTheme();
await loadTexts();
const description = await ask("/api/points");
const { parameters } = description;

function say(text, bad = false) {
  at("message").textContent = text;
  at("message").classList.toggle("bad", bad);
}

async function attempt(task) {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof Refused || error instanceof TypeError)) throw error;
    say(error instanceof Refused ? error.message : t("gone"), true);
    if (state.settings) form.show(state.settings);
    return null;
  }
}

async function change(settings) {
  const done = await attempt(() => order("/api/points/settings", settings));
  if (done) accept(done.settings);
}

const send = (name, more = {}) => attempt(() => order("/api/points/orders", { order: name, ...more }));

let waiting = null;
let sending = false;

/** Send own points, the newest only, while one order is on its way. */
async function changePoints(points) {
  waiting = points;
  if (sending) return;
  sending = true;
  while (waiting) {
    const now = waiting;
    waiting = null;
    await change(now.length ? { points: now } : { points: now, axes: [] });
  }
  sending = false;
  plane.own = state.settings.points;
}

function accept(settings) {
  state.settings = settings;
  form.show(settings);
  showSets();
  const fragment = toFragment(settings, parameters);
  const address = fragment ? `#${fragment}` : location.pathname + location.search;
  if (location.hash !== (fragment ? `#${fragment}` : "")) history.replaceState(null, "", address);
}

const form = new Form(description, (settings) => change("activation" in settings ? { ...settings, activations: [] } : settings));
const pointTable = new PointTable({ attempt, accept });
const curves = new Curves();
const histograms = new Histograms();
const inspector = new Inspector(() => ({ chosen: diagram.chosen, at: plane.at, settings: state.settings, frame: state.frame }));
const plane = new Plane(description, { changePoints, isSending: () => sending, look: () => inspector.refresh() });
const diagram = new Diagram(description, {
  change,
  choose: () => inspector.refresh(),
  preview: (unit) => {
    plane.unit = unit;
    at("showing").textContent = unit ? t("showingUnit", { n: unit.stage + 1, unit: unit.unit + 1 }) : "";
    plane.drawSurface();
  },
});

// Data sets: one button each, with a picture of its points.

const kinds = Object.keys(description.classes);
const sets = kinds.map((kind) =>
  make("button", { type: "button", className: "set", id: `set-${kind}` }, make("canvas"), make("span", {})),
);
at("sets").append(...sets);
const markSet = radios(at("sets"), sets, (i) => {
  change({ data: kinds[i], points: state.settings.axes.length ? [] : pointsFor(kinds[i]), axes: [] });
});

/** The own points for another data set: of classes, or with numbers. */
function pointsFor(kind) {
  const most = description.classes[kind];
  const { points, data, classes } = state.settings;
  const numbers = description.classes[data] === 0;
  if (most === 0) return numbers ? points : points.map(([x, y, label]) => [x, y, label ? 1 : -1]);
  if (numbers) return points.map(([x, y, value]) => [x, y, value > 0 ? 1 : 0]);
  return points.filter(([, , label]) => label < Math.min(most, classes));
}

function showSets() {
  markSet(kinds.indexOf(state.settings.data));
}

function drawSets() {
  sets.forEach((button, i) => {
    button.lastChild.textContent = t(`set.${kinds[i]}`);
    const canvas = button.firstChild;
    const ratio = 2;
    [canvas.width, canvas.height] = [44 * ratio, 32 * ratio];
    const c = canvas.getContext("2d");
    c.scale(ratio, ratio);
    for (const [x, y, kind] of SKETCHES[kinds[i]]()) {
      c.fillStyle = classColour(kind);
      c.beginPath();
      c.arc(22 + 13 * x, 16 - 13 * y, 1.7, 0, 7);
      c.fill();
    }
  });
}

const upTo = (n, f) => Array.from({ length: n }, (_, i) => f(i / (n - 1), i));
const turned = (r, angle, kind) => [r * Math.cos(angle), r * Math.sin(angle), kind];
const SKETCHES = {
  spirals: () => [0, 1].flatMap((k) => upTo(12, (s) => turned(0.15 + 0.85 * s, 6.5 * s + Math.PI * k, k))),
  circles: () => [...upTo(6, (s) => turned(0.28, 6.28 * s, 0)), ...upTo(16, (s) => turned(0.95, 6.28 * s, 1))],
  moons: () => [...upTo(9, (s) => [Math.cos(Math.PI * s) * 0.6 - 0.3, Math.sin(Math.PI * s) * 0.8 - 0.2, 0]), ...upTo(9, (s) => [Math.cos(Math.PI * s) * 0.6 + 0.3, 0.2 - Math.sin(Math.PI * s) * 0.8, 1])],
  xor: () => [[1, 1, 0], [-1, -1, 0], [1, -1, 1], [-1, 1, 1]].flatMap(([a, b, k]) => [[0.3, 0.3], [0.75, 0.35], [0.35, 0.8], [0.8, 0.8]].map(([x, y]) => [a * x, b * y, k])),
  blobs: () => [0, 1].flatMap((k) => upTo(9, (s, i) => [(k ? 0.55 : -0.55) + 0.3 * Math.cos(i * 2.4) * s ** 0.5, (k ? 0.4 : -0.4) + 0.3 * Math.sin(i * 2.4) * s ** 0.5, k])),
  own: () => [[-0.7, 0.3, 0], [-0.2, 0.7, 0], [0.3, -0.5, 1], [0.8, 0, 1]],
  numbers: () => [[-0.8, -0.3, 0], [-0.3, 0.2, 0], [0.2, -0.1, 1], [0.8, 0.5, 1]],
  sine: () => upTo(20, (s) => [2.4 * s - 1.2, 0.8 * Math.sin(9 * s), Math.sin(9 * s) < 0 ? 0 : 1]),
  plane: () => upTo(25, (s, i) => [((i % 5) - 2) / 2, (Math.floor(i / 5) - 2) / 2, (i % 5) + Math.floor(i / 5) < 4 ? 0 : 1]),
};

// Controls

const speeds = description.speeds;

function fillSpeeds() {
  const names = speeds.map((n) => (n === 0 ? t("fastest") : n === 1 ? t("speedOne") : t("speedOf", { n })));
  at("speed").replaceChildren(...speeds.map((n, i) => make("option", { value: n }, names[i])));
  if (state.status) at("speed").value = state.status.speed;
}

at("speed").addEventListener("change", () => send("speed", { speed: Number(at("speed").value) }));
at("run").addEventListener("click", () => send(state.status?.running ? "pause" : "run"));
for (const name of ["restart", "step", "epoch"]) at(name).addEventListener("click", () => send(name));
at("seed").addEventListener("click", () => change({ seed: 1 + (state.settings.seed % 999_983) + Math.floor(Math.random() * 1000) }));
at("theme").addEventListener("click", switchTheme);
at("language").addEventListener("click", () => {
  setLanguage(getLanguage() === "en" ? "zh" : "en", true);
  inNewLanguage();
});
at("link").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {}
  say(t("linkCopied"));
});

const markLinks = radios(at("diagram"), [at("show-weights"), at("show-gradients")], (i) => {
  diagram.gradients = i === 1;
  markLinks(i);
  diagram.draw();
});
markLinks(0);

document.addEventListener("keydown", (event) => {
  const busy = ["INPUT", "SELECT", "BUTTON", "TEXTAREA", "A"].includes(event.target.tagName) || event.target === plane.canvas;
  if (event.key === " " && !busy) {
    event.preventDefault();
    at("run").click();
  }
});

addEventListener("hashchange", () => change(fromFragment(location.hash.slice(1), parameters)));

function inNewLanguage() {
  at("language").textContent = getLanguage() === "en" ? "中文" : "English";
  at("language").lang = getLanguage() === "en" ? "zh" : "en";
  form.translate();
  fillSpeeds();
  pointTable.show();
  drawSets();
  runs.show();
  pictures.translate();
  if (tables.state?.table) {
    tables.fresh = true;
    tables.take(tables.state);
  }
  histograms.shape = null;
  if (!state.frame) return;
  diagram.build();
  plane.makeTools(true);
  showAll(state.frame);
  inspector.refresh();
}

// Views

const runs = new Runs();
const tables = new Tables();
const pictures = new Pictures();
const VIEWS = ["points", "pictures", "tables", "runs"];

function showView() {
  const named = new URLSearchParams(location.search).get("view");
  const view = VIEWS.includes(named) ? named : "points";
  document.body.dataset.view = view;
  for (const name of VIEWS) {
    at(name).hidden = name !== view;
    const link = at(`to-${name}`);
    if (name === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.querySelector(".skip").hidden = at("link").hidden = view !== "points";
  runs.refresh();
  tables.refresh();
  pictures.refresh();
}

for (const name of VIEWS) {
  at(`to-${name}`).addEventListener("click", (event) => {
    event.preventDefault();
    history.pushState(null, "", event.currentTarget.getAttribute("href") + location.hash);
    showView();
  });
}
addEventListener("popstate", showView);

// Frames

function showStatus(frame) {
  const { status, position } = frame;
  state.status = status;
  document.body.classList.toggle("running", status.running);
  label(at("run"), t(status.running ? "pause" : "run"));
  at("run").setAttribute("aria-pressed", status.running);
  if (document.activeElement !== at("speed")) at("speed").value = status.speed;
  const batch = position[1] ? ` + ${position[1]}` : "";
  at("epochs").textContent = position[0].toLocaleString("en") + batch;
  at("training-loss").textContent = digits(frame.training.loss);
  at("held-out-loss").textContent = digits(frame.held_out.loss);
  at("accuracy").textContent = percent(frame.held_out.accuracy);
  document.querySelector(".accuracy").hidden = frame.held_out.accuracy === undefined;
  const kind = status.error || (status.finished ? "finished" : "");
  if (kind !== state.kind) {
    state.kind = kind;
    const detail = status.message && getLanguage() === "en" ? status.message : t(kind);
    say(kind === "finished" ? t("finished", { n: position[0].toLocaleString("en") }) : kind ? detail : "", Boolean(status.error));
  }
}

function showAll(frame) {
  state.kind = null;
  showStatus(frame);
  histograms.take(frame);
  curves.draw();
}

function draw(frame, fresh) {
  if (frame.settings) {
    accept(frame.settings);
    if (diagram.chosen && (diagram.chosen.stage > frame.settings.hidden.length || diagram.chosen.unit >= (frame.settings.hidden[diagram.chosen.stage] ?? frame.arrays.surface.shape[0]))) diagram.chosen = null;
  }
  const { status } = frame;
  state.frame = frame;
  state.frames += 1;
  showStatus(frame);
  plane.unit = plane.unit && frame.arrays[`units.${plane.unit.stage}`]?.shape[0] > plane.unit.unit ? plane.unit : null;
  plane.take(frame, state.settings);
  diagram.take(frame, state.settings);
  curves.take(frame, fresh);
  if (!status.running || state.frames % 3 === 0) histograms.take(frame);
  inspector.refresh();
  document.body.dataset.frames = state.frames;
}

onTheme(() => {
  drawSets();
  if (!state.frame) return;
  plane.makeTools(true);
  plane.draw();
  plane.drawSurface();
  diagram.draw();
  showAll(state.frame);
});

// A lesson in the address is set up, unless it is what the server already does.

const wanted = location.hash.length > 1 ? fromFragment(location.hash.slice(1), parameters) : null;
accept(wanted ?? description.settings);
if (wanted && JSON.stringify(wanted) !== JSON.stringify(description.settings)) await change(wanted);
diagram.chosen = { stage: 0, unit: 0 };
inNewLanguage();
showView();
let gone = false;
watch(draw, (lost) => {
  if (lost !== gone) say(lost ? t("gone") : "", lost);
  gone = lost;
});
