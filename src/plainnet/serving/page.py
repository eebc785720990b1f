"""The page at `/`, to try the models: a form for each, and its answer.

It looks as the reports do, and loads only its own style sheet and script.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import numpy as np
from starlette.responses import Response

from plainnet.data.folders import first_few
from plainnet.models import Model
from plainnet.reports.html import Html, element, escaped
from plainnet.reports.styles import style
from plainnet.reports.text import on_a_page
from plainnet.serving.incoming import Incoming
from plainnet.serving.served import LoadedModel, ServedModel

PAGE_FILES = {"page.css": "text/css", "page.js": "text/javascript"}
"""The files that the page loads, with their media types."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Headers of the page and its files: it loads from nowhere else, and is in no other page."""
MOST_CHOICES = 200
"""Most categories of a column that are listed; of more, one is typed."""


async def page_file(request: Incoming) -> Response:
    """Answer with the page's style sheet or script."""
    name = request.path.strip("/")
    text = files(__package__).joinpath(name).read_text("utf-8")
    if name.endswith(".css"):
        text = style("colours") + style("page") + text
    return Response(text, media_type=PAGE_FILES[name], headers=HEADERS)


def page_of(models: Mapping[str, ServedModel]) -> str:
    """Return the page."""
    several = len(models) > 1
    title = "Models" if several else next(iter(models))
    sections = [_section(name, served.loaded) for name, served in models.items()]
    links = [element("a", on_a_page(name), href=f"#model-{i}") for i, name in enumerate(models)]
    parts = [
        element("h1", on_a_page(title)),
        element("nav", *links, aria_label="Models") if several else Html(""),
        *(element("section", part, id=f"model-{i}") for i, part in enumerate(sections)),
        element(
            "footer",
            element(
                "p",
                "The Open Inference Protocol is at ",
                _code("/v2"),
                ", metrics are at ",
                element("a", "/metrics", href="/metrics"),
                ".",
            ),
            class_="faint",
        ),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n"
        '<link rel="stylesheet" href="/page.css">\n<link rel="icon" href="data:,">\n'
        '<script src="/page.js" defer></script>\n</head>\n<body>\n<main>\n'
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _code(text: str) -> Html:
    return element("code", text)


def _section(name: str, loaded: LoadedModel) -> Html:
    """Return heading, form and place of the answer of a model."""
    model = loaded.model
    fields = FIELDS[model.inputs.noun](model)
    answer = element(
        "div",
        element("p", "The answer appears here.", class_="faint"),
        class_="answer",
        role="status",
        aria_live="polite",
        aria_label="Answer",
    )
    form = element(
        "form",
        *fields,
        element("p", element("button", "Predict", type="submit")),
        data_model=name,
        data_kind=model.inputs.noun,
        data_target="" if len(model.answers.names) > 1 else model.answers.names[0],
    )
    kinds = {"picture": "a picture", "row": "a row of a table", "sample": "a feature vector"}
    about = f"Predicts {_what(model)} from {kinds[model.inputs.noun]}. Version {loaded.version}."
    return Html(
        element("h2", on_a_page(name))
        + element("p", about, class_="faint")
        + element("div", form, answer, class_="try")
        + element("details", element("summary", "From a program"), _example(name, loaded))
    )


def _what(model: Model) -> str:
    """Return what the model predicts, in a few words."""
    names = [*map(on_a_page, model.answers.names)]
    if len(names) == 1:
        return f"the number {names[0]}"
    if not model.answers.classes:
        kind = "classes of" if model.answers.parts[0].classes else "numbers"
        return f"the {kind} {first_few(names)},"
    few = ", ".join(names[:4])
    return f"the class, one of {few}{f' and {len(names) - 4} more' if len(names) > 4 else ''},"


def _example(name: str, loaded: LoadedModel) -> Html:
    path = f"$SERVER/predict/{name}"
    if loaded.model.inputs.noun == "picture":
        command = f"curl -F file=@photo.jpg {path}"
    else:
        text = loaded.form.json_example
        if loaded.model.columns is not None:
            row = {column.name: _usual(column) for column in loaded.model.columns.columns}
            text = json.dumps(row, ensure_ascii=False)
        command = f"curl --json {shlex.quote(text)} {path}"
    return element("pre", command, class_="wrap")


def _picture_fields(model: Model) -> list[Html]:  # noqa: ARG001
    field = Html('<input type="file" name="file" accept="image/*" multiple required>')
    return [
        element("label", element("span", "Pictures"), field, class_="drop"),
        element("p", "Choose files, drop them here, or paste a picture.", class_="faint"),
    ]


def _vector_fields(model: Model) -> list[Html]:
    first = " ".join(f"{value:.6g}" for value in model.preprocessing.mean.tolist())
    about = f"{model.inputs.n_in} numbers, with spaces or commas between them"
    field = element("textarea", first, name="features", rows=6, required="", spellcheck="false")
    return [element("label", element("span", about), field)]


def _row_fields(model: Model) -> list[Html]:
    columns = () if model.columns is None else model.columns.columns
    return [element("div", *map(_field, columns), class_="fields")]


def _field(column: Any) -> Html:
    """Return the field of a column, with a usual value."""
    values = getattr(column, "values", ())
    name = element("span", on_a_page(column.name))
    if values and len(values) <= MOST_CHOICES:
        options = [element("option", value, value=value) for value in values]
        missing = Html('<option value="" data-missing>(missing)</option>')
        return element("label", name, element("select", *options, missing, name=column.name))
    kind = {"inputmode": "decimal"} if column.kind == "number" else {}
    usual = {"value": _usual(column), "placeholder": "(missing)"}
    return element("label", name, _input(type="text", name=column.name, **usual, **kind))


def _usual(column: Any) -> str | float:
    """Return a usual value of a column: its median, its first day or its most frequent text."""
    if column.kind == "number":
        value = float(f"{column.median:.6g}")
        return int(value) if value.is_integer() else value
    if column.kind == "date":
        return str(np.datetime64(0, "D") + int(column.median))
    return next(iter(getattr(column, "values", ())), "")


def _input(**attributes: object) -> Html:
    """Return an input, which has no end tag."""
    return Html(element("input", **attributes).removesuffix("</input>"))


FIELDS: Mapping[str, Callable[[Model], list[Html]]] = {
    "picture": _picture_fields,
    "sample": _vector_fields,
    "row": _row_fields,
}
"""The fields of a form, by the noun of a model's inputs."""
