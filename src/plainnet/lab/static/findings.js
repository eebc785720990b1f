// What the check found in the pictures, and hints where a training went badly.

import { amount, make, percent, t } from "./texts.js";

/** The findings of the check, each with its pictures. */
export function findingsOf({ pictures, checked, findings, error }) {
  if (error) return [make("p", { className: "bad" }, error)];
  if (!checked) return [make("p", { className: "faint" }, t("checkLater"))];
  if (!findings.length) return [make("p", { className: "good" }, t("checkClean", { n: pictures.toLocaleString("en") }))];
  return findings.map(({ kind, severity, n, files }) => {
    const shown = files.map(([name, file]) => {
      const query = new URLSearchParams({ class: name, file });
      return make("img", { src: `/api/pictures/file?${query}`, alt: name, title: name, loading: "lazy", width: 40, height: 40 });
    });
    const text = make("p", {}, make("strong", {}, `${n.toLocaleString("en")} × `), t(`check.${kind.replaceAll("-", "_")}`));
    return make("div", { className: `finding ${severity}` }, text, make("div", { className: "small-thumbnails" }, ...shown));
  });
}

/** Hints, the most important first. */
export function hintsOf(hints) {
  const items = hints.map(({ code, ...facts }) => {
    const shown = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, name === "share" ? percent(value) : typeof value === "number" ? amount(value) : value]));
    return make("li", {}, t(`hint.${code}`, shown));
  });
  return [make("h3", {}, t("why")), make("ul", { className: "hints" }, ...items)];
}
