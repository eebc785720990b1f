// The settings of a recipe, as the command line has them: what is left empty is chosen for the data.

import { make, t } from "./texts.js";

const SECTIONS = ["network", "training", "data", "decision"];

export class RecipeForm {
  constructor(root) {
    this.root = root;
    this.inputs = {};
  }

  /** Show the settings; what was typed stays. */
  show(settings, features = []) {
    const shape = JSON.stringify([settings, features, t("lab")]);
    if (shape === this.shape) return;
    this.shape = shape;
    const before = this.values();
    this.inputs = {};
    const heads = { network: t("network"), training: t("controls"), data: t("data"), decision: t("decision") };
    const groups = SECTIONS.map((section) => {
      const fields = settings.filter((one) => one.section === section).map((one) => this.field(one, before[one.name]));
      if (section === "network" && features.length) fields.unshift(this.field({ name: "features", names: features.slice(1), usual: features[0] }, before.features));
      return make("section", {}, make("h3", {}, heads[section]), make("div", { className: "fields three" }, ...fields));
    });
    this.root.replaceChildren(make("summary", {}, t("settings")), make("p", { className: "faint" }, t("settingsHelp")), ...groups);
  }

  field({ name, names, usual }, value = "") {
    const id = `${this.root.id}-${name}`;
    const left = usual || "auto";
    const input = names.length
      ? make("select", { id }, ...["", ...names].map((one) => make("option", { value: one, selected: one === value }, one || (names[0] === "on" ? "–" : left))))
      : make("input", { id, type: "text", className: "wide", value, placeholder: left, autocomplete: "off", spellcheck: false });
    const help = make("span", { className: "help", id: `${id}-help`, hidden: true }, t(`h.${name}`));
    input.setAttribute("aria-describedby", help.id);
    this.inputs[name] = input;
    return make("div", { className: "field", title: t(`h.${name}`) }, make("label", { htmlFor: id }, t(`p.${name}`)), make("div", { className: "control" }, input), help);
  }

  /** What was chosen, by name, written as in a shell. */
  values() {
    return Object.fromEntries(Object.entries(this.inputs).map(([name, input]) => [name, input.value.trim()]).filter(([, value]) => value));
  }
}
