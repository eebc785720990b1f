// What can be done with a run: its report, its files, and how to repeat its training.

import { Refused, ask } from "./server.js";
import { label, make, t } from "./texts.js";

const opened = new Map();

/** Links and buttons for a run; `attempt` shows what is refused. */
export function runActions(run, attempt) {
  const query = new URLSearchParams({ number: run.number });
  const root = make("div", { className: "actions" });
  const row = make("div", { className: "run-actions" });
  if (run.report) row.append(make("a", { href: `/api/runs/report?${query}`, target: "_blank", rel: "noopener" }, t("report")));
  if (run.done) {
    const stem = run.name.replaceAll("/", "-");
    const files = [["model", t("modelFile"), `${stem}.safetensors`], ["onnx", "ONNX", `${stem}.onnx`]];
    for (const [kind, text, file] of files) row.append(button(run, `${kind}-${run.number}`, text, () => attempt(() => download(`/api/runs/${kind}?${query}`, file))));
    const code = button(run, `code-${run.number}`, t("repeatIt"), async () => {
      if (opened.delete(run.number)) root.querySelector(".code").remove();
      else {
        const found = await attempt(() => ask("/api/runs/code", { number: run.number }));
        if (found) root.append(codeOf(opened.set(run.number, found).get(run.number)));
      }
      code.setAttribute("aria-expanded", opened.has(run.number));
    });
    code.setAttribute("aria-expanded", opened.has(run.number));
    row.append(code);
  }
  root.append(row);
  if (opened.has(run.number)) root.append(codeOf(opened.get(run.number)));
  return root;
}

function button(run, id, text, press) {
  const made = make("button", { type: "button", className: "link", id }, text);
  label(made, `${text}: ${run.name}`);
  made.addEventListener("click", press);
  return made;
}

/** The command and the lines of Python, each with a button that copies it. */
function codeOf({ command = "", python = "" }) {
  const parts = [[t("inShell"), command], [t("inPython"), python]].flatMap(([title, text]) => {
    const copy = make("button", { type: "button", className: "link" }, t("copy"));
    label(copy, `${t("copy")}: ${title}`);
    copy.addEventListener("click", async () => {
      await navigator.clipboard?.writeText(text).catch(() => {});
      copy.textContent = t("copied");
    });
    const shown = make("pre", { tabIndex: 0 }, text);
    label(shown, title);
    return [make("div", { className: "head" }, make("h4", {}, title), copy), shown];
  });
  return make("div", { className: "code" }, ...parts);
}

async function download(path, name) {
  const response = await fetch(path);
  if (!response.ok) throw new Refused((await response.json()).error);
  const href = URL.createObjectURL(await response.blob());
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
