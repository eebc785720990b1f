// The scores of a run.

import { make, t } from "./texts.js";

/** The first scores of an evaluation, with interval and baseline. */
export function scoreList(part, scores) {
  const name = { validation: t("heldOut"), test: t("testPart") }[part] ?? part;
  const shown = scores.slice(0, 3).map((score) => {
    const more = [score.interval, score.baseline && t("baseline", { value: score.baseline })].filter(Boolean);
    return make("div", { title: score.meaning }, make("dt", {}, score.name), make("dd", {}, score.text, ...more.map((text) => make("small", {}, text))));
  });
  return make("dl", {}, make("div", { className: "part" }, make("dt", {}, name)), ...shown);
}
