"""The model card of a regressor: as that of a classifier, with RMSE, MAE and R²."""

from collections.abc import Iterator, Mapping
from datetime import date
from math import isfinite
from typing import Any, get_args

from plainnet.digits import number
from plainnet.models import Regressor
from plainnet.reports.card_parts import (
    NOT_MEASURED,
    bullets,
    code,
    given_in_python,
    head_lines,
    other_files,
    plain,
    quoted,
    samples_named,
    settings_lines,
    table,
    what_it_is,
    word,
)
from plainnet.reports.material import Part
from plainnet.reports.text import count
from plainnet.version import __version__

NAMES = {"rmse": "RMSE", "mae": "mean absolute error"}


def regression_card(
    title: str, regressor: Regressor, *, data: str, license: str, files: Mapping[str, str]
) -> str:
    """The whole card; see `card_text`."""
    part, measured = _measured(regressor)
    sections = {
        "What it is": what_it_is(regressor),
        "What it is for": [
            plain(
                f"It predicts {regressor.target}, a number, for samples like those it was "
                "trained and measured on."
            )
        ],
        "How good it is": [_quality(part, measured) if measured else NOT_MEASURED],
        "Limits": [bullets([*_limits(regressor, part, measured)])],
        "What it was trained on": [*_training(regressor, data)],
        "How to use it": [*_use(regressor, files)],
    }
    parts = [_head(title, regressor, data, license, part, measured), f"# {plain(title)}"]
    for heading, paragraphs in sections.items():
        parts += [f"## {heading}", *paragraphs]
    parts.append(f"*Written by plainnet {__version__} on {date.today().isoformat()}.*")
    return "\n\n".join(parts) + "\n"


def most_answers(regressor: Regressor) -> str:
    """The range in which most of what it learned from lay: `100,234 and 298,234`."""
    ends = (regressor.mean + 2 * side * regressor.scale for side in (-1, 1))
    return " and ".join(number(end, to=regressor.scale / 100) for end in ends)


def _measured(regressor: Regressor) -> tuple[str, dict[str, Any]]:
    """Which part of the data it was measured on, and what came out; {} if that is not noted."""
    for part in get_args(Part):
        told = regressor.quality.get(part)
        wanted = ("n", "rmse", "mae", "baseline", "baseline_rmse", "baseline_mae")
        if isinstance(told, dict) and all(_is_number(told.get(name)) for name in wanted):
            return part, told
    return "", {}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _head(
    title: str, regressor: Regressor, data: str, license: str, part: str, measured: dict[str, Any]
) -> str:
    kind = "tabular-regression" if not regressor.picture_shape else "image-to-number"
    lines = head_lines("tabular-regression", data, license)
    if regressor.picture_shape:  # hubs have no name for numbers from pictures
        lines = [line for line in lines if "tabular" not in line]
    if measured:
        lines += ["metrics:", "  - rmse", "  - mae"]
        lines += ["model-index:", f"  - name: {quoted(title)}", "    results:"]
        lines += ["      - task:", f"          type: {kind}", "        dataset:"]
        lines += [f"          {key}: {quoted(data or 'unnamed')}" for key in ("type", "name")]
        lines += [f"          split: {part}", "        metrics:"]
        for name, words in NAMES.items():
            lines += [f"          - type: {name}", f"            value: {measured[name]:.6g}"]
            lines += [f"            name: {quoted(words)}"]
    return "\n".join(["---", *lines, "---"])


def _quality(part: str, measured: dict[str, Any]) -> str:
    samples = f"{count(int(measured['n']))}, {part if part != 'other' else 'from elsewhere'}"
    mean, rows = number(measured["baseline"], to=measured["baseline_rmse"] / 100), []
    for name, words in NAMES.items():
        rows.append((words, number(measured[name])))
        interval = measured.get(f"{name}_interval_95")
        if isinstance(interval, list) and len(interval) == 2 and all(map(_is_number, interval)):
            rows.append(("its 95 % interval", " to ".join(map(number, interval))))
        always = f"always answering the mean, {mean}"
        rows.append((f"{always}: {words}", number(measured[f"baseline_{name}"])))
    if _is_number(measured.get("r2")):
        rows.append(("R²", f"{measured['r2']:.3f}"))
    return table(("measured", f"on {samples}"), rows)


def _limits(regressor: Regressor, part: str, measured: dict[str, Any]) -> Iterator[str]:
    yield (
        "It answers whatever it is asked. Most of what it learned from lay between "
        f"{most_answers(regressor)}; far beyond, it guesses."
    )
    if measured and measured["rmse"] >= measured["baseline_rmse"]:
        yield "Measured so, it is no better than always answering the mean."
    if part == "training":
        yield "It was measured on what it was trained on, so it is worse on anything else."
    yield (
        "An answer is one number, without a range of its own: RMSE and MAE say how far off answers "
        "are on the whole, and for samples from the same source only."
    )


def _training(regressor: Regressor, data: str) -> Iterator[str]:
    samples = regressor.trained.get("samples", {})
    told = [
        f"{count(sum(samples[part]))} {what}"
        for part, what in (("training", "were learned from"), ("validation", "were held out"))
        if samples.get(part)
    ]
    words = [f"{', '.join(told)}."] if told else []
    words += [f"The data are called “{data}”."] if data else []
    if (made := regressor.columns) is not None:
        names = ", ".join(column.name for column in made.columns)
        words.append(f"It predicts from the columns {names}.")
    if words:
        yield plain(" ".join(words))
    yield bullets(settings_lines(regressor))


def _use(regressor: Regressor, files: Mapping[str, str]) -> Iterator[str]:
    model = files["model"]
    if regressor.columns is not None:  # the command takes nothing else of it
        yield code("sh", f"plainnet predict {word(model)} {samples_named(regressor)}")
    yield code(
        "python",
        "from plainnet import Regressor\n\n"
        f"regressor = Regressor.load({quoted(model)})\n"
        f"print(regressor.predict({given_in_python(regressor)}))  # in the unit of the target",
    )
    yield from other_files(regressor, files, "to the number")
