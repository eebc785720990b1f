// What views of trainings in a process of their own share: progress, curves, scores, bars.

import { drawLines } from "./charts.js";
import { css } from "./colours.js";
import { runActions } from "./run_actions.js";
import { scoreList } from "./scores.js";
import { digits, label, make, t } from "./texts.js";

/** How far a training is, or how it ended, in words. */
export function progressOf({ running, epochs, network, failed, stopped, run }) {
  if (!running) return failed || (stopped ? t("stoppedRun", { run }) : "");
  const last = epochs.at(-1);
  const parts = [network];
  if (last) parts.push(t("epochOf", { n: last[0], of: last[1] }));
  if (last && last[3] !== null) parts.push(`${t("heldOutLoss")} ${digits(last[3])}`);
  return parts.filter(Boolean).join(" · ") || t("begins");
}

/** The curves of one or several networks, trained one after another. */
export function drawEpochs(canvas, epochs) {
  if (canvas.hidden || !canvas.clientWidth) return;
  const parts = [];
  for (const epoch of epochs) {
    if (epoch[0] === 1 || !parts.length) parts.push([]);
    parts.at(-1).push(epoch);
  }
  const lines = parts.flatMap((part) => [
    { points: part.map((e) => [e[0], e[3]]), colour: css("--held"), dash: [5, 3] },
    { points: part.map((e) => [e[0], e[2]]), colour: css("--training") },
  ]);
  label(canvas, t("curvesLabel", { training: digits(epochs.at(-1)?.[2]), heldOut: digits(epochs.at(-1)?.[3]) }));
  drawLines(canvas, lines, false);
}

/** The scores of a finished run, its report and its files. */
export function resultOf(run, attempt) {
  const lists = Object.entries(run.parts).map(([part, found]) => scoreList(part, found));
  return [make("h3", {}, run.name), make("div", { className: "run-scores" }, ...lists), runActions(run, attempt)];
}

/** A name, a bar of a share, and a number. */
export function bar(name, share, text, colour) {
  const inner = make("span", { className: "bar" });
  inner.style.width = `${Math.max(0.5, 100 * share)}%`;
  inner.style.background = colour;
  return [make("span", { className: "bar-name" }, name), make("span", { className: "bar-room" }, inner), make("span", { className: "bar-value" }, text)];
}
