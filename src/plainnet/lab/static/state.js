// Settings in the address: whoever follows the link gets the same data, network and training.

const LISTS = ["hidden", "features", "activations"];

export function toFragment(settings, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(settings)) {
    if (JSON.stringify(value) === JSON.stringify(parameters[name].default)) continue;
    query.set(name, written(name, value));
  }
  return query.toString();
}

function written(name, value) {
  if (name === "points") return value.map((point) => point.join(" ")).join("_");
  if (name === "axes") return JSON.stringify(value);
  if (LISTS.includes(name)) return value.join("_");
  return value === null ? "off" : String(value);
}

/** All settings that a fragment means; those it does not name have their defaults. */
export function fromFragment(fragment, parameters) {
  const settings = {};
  for (const [name, parameter] of Object.entries(parameters)) settings[name] = parameter.default;
  for (const [name, text] of new URLSearchParams(fragment)) {
    if (name in parameters) settings[name] = read(name, text, parameters[name]);
  }
  return settings;
}

function read(name, text, parameter) {
  const parts = text === "" ? [] : text.split("_");
  if (name === "points") return parts.map((part) => part.split(" ").map(Number));
  if (name === "hidden") return parts.map(Number);
  if (LISTS.includes(name)) return parts;
  if (name === "axes") return parsed(text);
  if (text === "off") return null;
  if (parameter.kind === "name" || parameter.names.includes(text)) return text;
  return Number(text);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return [];
  }
}
