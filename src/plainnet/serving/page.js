// Sends the form of a model to /predict/NAME, and shows the answer beside it.
"use strict";

const MOST_SHARES = 8;

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function add(parent, tag, content, attributes = {}) {
  const made = document.createElement(tag);
  if (content !== undefined) made.textContent = content;
  Object.assign(made, attributes);
  parent.append(made);
  return made;
}

function body(form) {
  const data = new FormData(form);
  if (form.dataset.kind === "picture") return { body: data };
  let content;
  if (form.dataset.kind === "sample") {
    const texts = data.get("features").split(/[\s,;]+/).filter((text) => text);
    content = { features: [texts.map(Number)] };
    const wrong = texts.find((text) => !Number.isFinite(Number(text)));
    if (wrong !== undefined) throw new Error(`${wrong} is not a number.`);
  } else {
    content = {};
    for (const field of form.querySelectorAll("input, select")) {
      const option = field.selectedOptions && field.selectedOptions[0];
      const missing = option ? "missing" in option.dataset : field.value.trim() === "";
      const isNumber = field.inputMode === "decimal" && Number.isFinite(Number(field.value));
      content[field.name] = missing ? null : isNumber ? Number(field.value) : field.value;
    }
  }
  return { body: JSON.stringify(content), headers: { "Content-Type": "application/json" } };
}

function show(place, predictions, pictures, target) {
  place.replaceChildren();
  predictions.forEach((prediction, i) => {
    const result = add(place, "div", undefined, { className: "result" });
    if (pictures[i]) {
      const url = URL.createObjectURL(pictures[i]);
      add(result, "img", undefined, { src: url, alt: pictures[i].name, onload: () => URL.revokeObjectURL(url) });
    }
    const right = add(result, "div");
    const answer = prediction.answer; // with several targets one for each, by name
    const several = typeof answer === "object";
    const given = prediction.probabilities || {};
    for (const [name, one] of several ? Object.entries(answer) : [[target, answer]]) {
      if (name) add(right, "p", name, { className: "faint" });
      const text = typeof one === "number" ? Number(one.toPrecision(6)).toLocaleString("en") : one;
      add(right, "h3", several && given[name] ? `${text}, ${percent(given[name][one])}` : text);
    }
    if (pictures[i]) add(right, "p", pictures[i].name, { className: "faint" });
    const shares = Object.entries(several ? {} : given).sort((a, b) => b[1] - a[1]);
    for (const [name, share] of shares.slice(0, MOST_SHARES)) {
      const line = add(right, "div", undefined, { className: "share" });
      add(line, "span", name);
      const bar = add(line, "progress", undefined, { max: 1, value: share });
      bar.setAttribute("aria-label", name);
      add(line, "span", percent(share));
    }
    const left = shares.length - MOST_SHARES;
    if (left > 0) add(right, "p", `and ${left} more`, { className: "faint" });
  });
}

async function ask(form) {
  const place = form.parentElement.querySelector(".answer");
  const button = form.querySelector("button");
  button.disabled = true;
  place.setAttribute("aria-busy", "true");
  try {
    const path = `/predict/${encodeURIComponent(form.dataset.model)}`;
    const response = await fetch(path, { method: "POST", ...body(form) });
    const content = await response.json();
    if (!response.ok) throw new Error(content.error);
    const field = form.querySelector("input[type=file]");
    show(place, content.predictions, field ? field.files : [], form.dataset.target);
  } catch (error) {
    place.replaceChildren();
    const text = error instanceof TypeError ? "The server does not answer; is it still running?" : error.message;
    add(place, "p", text, { className: "note bad" });
  } finally {
    button.disabled = false;
    place.removeAttribute("aria-busy");
  }
}

function take(field, files) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  if (!pictures.length) return;
  const held = new DataTransfer();
  pictures.forEach((file) => held.items.add(file));
  field.files = held.files;
  field.form.requestSubmit();
}

for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form);
  });
  const field = form.querySelector("input[type=file]");
  if (!field) continue;
  const area = field.closest(".drop");
  field.addEventListener("change", () => field.files.length && form.requestSubmit());
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    take(field, event.dataTransfer.files);
  });
}

for (const example of document.querySelectorAll("pre")) {
  example.textContent = example.textContent.replaceAll("$SERVER", location.origin);
}

document.addEventListener("paste", (event) => {
  const field = document.querySelector("input[type=file]");
  if (field && event.clipboardData) take(field, event.clipboardData.files);
});
