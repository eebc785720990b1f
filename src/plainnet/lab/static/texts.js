// All texts of the page, in both languages; the choice is remembered.

const tables = {};
let language = "en";

export async function loadTexts() {
  for (const name of ["en", "zh"]) tables[name] = await (await fetch(`/static/${name}.json`)).json();
  const chosen = localStorage.getItem("plainnet-language");
  const theirs = navigator.language.startsWith("zh") ? "zh" : "en";
  setLanguage(chosen in tables ? chosen : theirs);
}

export function getLanguage() {
  return language;
}

export function setLanguage(name, remember = false) {
  language = name;
  document.documentElement.lang = name === "zh" ? "zh-Hans" : "en";
  if (remember) localStorage.setItem("plainnet-language", name);
  translate(document);
}

/** The text of a key, with {names} replaced. */
export function t(key, values = {}) {
  const text = tables[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

/** Fill in the texts of all elements that name a key. */
export function translate(root) {
  for (const one of root.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of root.querySelectorAll("[data-t-label]")) label(one, t(one.dataset.tLabel));
}

export function label(element, text) {
  element.setAttribute("aria-label", text);
  if (element.tagName === "BUTTON") element.title = text;
}

const MINUS = "\u2212";

/** A number with so many significant digits. */
export function digits(value, n = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e5 ? value.toExponential(n - 1) : value.toPrecision(n);
  return text.replace("e+", "e").replaceAll("-", MINUS);
}

/** A number as people write amounts: with thousands apart. */
export function amount(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e12)) return digits(value, 4);
  return value.toLocaleString("en", { maximumSignificantDigits: 5 }).replace("-", MINUS);
}

export function percent(value) {
  return value === undefined || value === null ? "–" : `${(100 * value).toFixed(1)} %`;
}

/** Make an element with attributes and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name in element && name !== "role" && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}
