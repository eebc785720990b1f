// The form of all settings, made from the server's description of them.

import { make, t } from "./texts.js";

const RELEVANT = {
  slope: (s, takes) => [s.activation, ...s.activations].some((name) => takes[name].includes("slope")),
  momentum: (s, takes) => takes[s.optimizer].includes("momentum"),
  rho: (s, takes) => takes[s.optimizer].includes("rho"),
  beta1: (s, takes) => takes[s.optimizer].includes("beta1"),
  beta2: (s, takes) => takes[s.optimizer].includes("beta2"),
  epsilon: (s, takes) => takes[s.optimizer].includes("epsilon"),
  samples: (s) => !["own", "numbers"].includes(s.data),
  noise: (s) => !["own", "numbers"].includes(s.data),
  classes: (s, takes, most) => most[s.data] > 2,
  class_weight: (s, takes, most) => most[s.data] > 0,
  label_smoothing: (s, takes, most) => most[s.data] > 0,
};

export class Form {
  constructor(description, change) {
    this.description = description;
    this.change = change;
    this.fields = {};
    this.waiting = {};
    for (const [name, parameter] of Object.entries(description.parameters)) {
      if (parameter.kind === "own" || name === "data") continue;
      const field = parameter.kind === "name" ? this.choice(name, parameter) : this.number(name, parameter);
      this.fields[name] = field;
      document.getElementById(`fields-${parameter.group}`).append(field.root);
    }
  }

  /** Show settings; a field that is being typed into stays as it is. */
  show(settings) {
    const { takes, classes } = this.description;
    for (const [name, field] of Object.entries(this.fields)) {
      field.root.hidden = RELEVANT[name] ? !RELEVANT[name](settings, takes, classes) : false;
      const own = name in this.waiting || name === this.typing; // somebody is typing
      if (!own || !field.root.contains(document.activeElement)) field.show(settings[name], settings);
    }
  }

  /** Write all labels again, in the present language. */
  translate() {
    for (const [name, field] of Object.entries(this.fields)) field.translate(name);
  }

  send(name, value) {
    clearTimeout(this.waiting[name]);
    this.waiting[name] = setTimeout(() => {
      delete this.waiting[name];
      this.change({ [name]: value });
    }, 120);
  }

  choice(name, parameter) {
    const id = `p-${name}`;
    const several = make("option", { value: "", hidden: true });
    const select = make("select", { id }, several, ...parameter.names.map((value) => make("option", { value }, value)));
    select.addEventListener("change", () => this.send(name, select.value));
    return this.field(name, id, [select], (value, settings) => {
      const differ = name === "activation" && settings.activations.length > 0;
      several.textContent = t("byLayer");
      select.value = differ ? "" : value;
    });
  }

  number(name, parameter) {
    const id = `p-${name}`;
    const steps = stepsOf(parameter);
    const slider = make("input", { type: "range", min: 0, max: steps.length - 1, step: 1, tabIndex: -1, "aria-hidden": "true" });
    const input = make("input", { id, type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false });
    const write = (value) => (value === null ? t(name === "batch_size" ? "all" : "off") : String(value));
    const show = (value) => {
      input.value = write(value);
      slider.value = nearest(steps, value);
      slider.style.setProperty("--at", `${(100 * slider.value) / (steps.length - 1)}%`);
    };
    const set = (value) => {
      show(value);
      this.send(name, value);
    };
    slider.addEventListener("input", () => set(steps[slider.value]));
    input.addEventListener("input", () => (this.typing = name));
    input.addEventListener("change", () => {
      this.typing = null;
      const text = input.value.trim();
      if (parameter.names.includes(text)) set(text);
      else if (parameter.optional && (text === "" || text === write(null))) set(null);
      else if (text !== "" && Number.isFinite(Number(text))) set(Number(text));
      else this.change({});
    });
    input.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const at = Math.max(0, Math.min(steps.length - 1, Number(slider.value) + by));
      set(steps[at]);
    });
    return this.field(name, id, [slider, input], show);
  }

  field(name, id, controls, show) {
    const caption = make("label", { htmlFor: id });
    const help = make("span", { className: "help", id: `${id}-help`, hidden: true });
    controls.at(-1).setAttribute("aria-describedby", help.id);
    const root = make("div", { className: "field" }, caption, make("div", { className: "control" }, ...controls), help);
    const translate = () => {
      caption.textContent = t(`p.${name}`);
      help.textContent = root.title = t(`h.${name}`);
    };
    translate();
    return { root, show, translate };
  }
}

/** The values along a slider. */
function stepsOf(parameter) {
  const { low, high, log, kind, optional } = parameter;
  const steps = [];
  if (log) {
    const first = parameter.default && parameter.default < 1e-5 ? -10 : -5;
    for (let power = first; 10 ** power <= high; power++) {
      for (const m of [1, 2, 3, 5]) {
        const value = Number(`${m}e${power}`);
        if (value <= high) steps.push(value);
      }
    }
    if (low === 0 && !optional && parameter.default === 0) steps.unshift(0);
  } else if (kind === "whole") {
    const by = high > 2000 ? 100 : high > 200 ? 10 : 1;
    for (let value = low; value <= high; value = by === 1 ? value + 1 : Math.floor(value / by + 1) * by) steps.push(value);
  } else if (high > 0.98 && high < 1) {
    steps.push(0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99);
    if (high > 0.99) steps.push(0.995, 0.998, 0.999);
    if (high > 0.999) steps.push(0.9995, 0.9999);
  } else {
    const by = high > 0.5 ? 0.05 : 0.01;
    for (let i = 0; i * by <= high + 1e-9; i++) steps.push(Number((i * by).toFixed(2)));
  }
  if (optional) steps[log ? "unshift" : "push"](null);
  return steps;
}

function nearest(steps, value) {
  const exact = steps.indexOf(value);
  if (exact >= 0) return exact;
  let best = 0;
  steps.forEach((step, i) => {
    if (step !== null && Math.abs(step - value) < Math.abs((steps[best] ?? Infinity) - value)) best = i;
  });
  return best;
}

/** Make a group of buttons, one of them chosen; arrow keys move. */
export function radios(root, buttons, choose) {
  buttons.forEach((button, i) => {
    button.setAttribute("role", "radio");
    button.addEventListener("click", () => choose(i));
    button.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const next = buttons[(i + by + buttons.length) % buttons.length];
      next.focus();
      next.click();
    });
  });
  return (chosen) =>
    buttons.forEach((button, i) => {
      button.setAttribute("aria-checked", i === chosen);
      button.tabIndex = i === chosen ? 0 : -1;
    });
}

