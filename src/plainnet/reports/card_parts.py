"""The parts of a model card, and Markdown and YAML."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from plainnet.digits import number
from plainnet.models import Model
from plainnet.reports.settings import settings_used
from plainnet.reports.text import count, network_line, printable

NOT_MEASURED = (
    "This was not measured, or the model file does not say. `plainnet evaluate MODEL DATA` "
    "measures it, on DATA that played no part in the training."
)

EXAMPLES = {"picture": "photo.jpg", "row": "table.csv", "sample": "features.npy"}
"""Example of an input file, by the noun of the model's inputs."""
_X = "{session.get_inputs()[0].name: X}"
ONNX_INPUTS = {
    "picture": (_X, "X: uint8 (N, H, W, 3)"),
    "row": ("columns", "columns: by name, each (N, 1)"),
    "sample": (_X, "X: float32 (N, n)"),
}
"""The inputs of an ONNX graph in Python, and a comment on them."""
IN_WORDS = ("epochs", "learning_rate")
"""Settings that the card mentions in a sentence."""


def head_lines(task: str, data: str, license: str) -> list[str]:
    """Return the beginning of the YAML head: licence, the hubs' name of the task, and the data."""
    terms = f"license: {quoted(license)}" if license else "# license: the one you publish it under"
    lines = ["library_name: plainnet", terms, *([f"pipeline_tag: {task}"] if task else []), "tags:"]
    lines += [f"  - {tag}" for tag in ("plainnet", "numpy", "safetensors", task) if tag]
    return lines + (["datasets:", f"  - {quoted(data)}"] if data else [])


def what_it_is(model: Model) -> list[str]:
    """Describe the network and its inputs."""
    shape = model.picture_shape
    sees = f"{count(model.preprocessing.shape[0], 'feature')}"
    if shape:
        colour = "grey" if shape[2] == 1 else "colour"
        sees = f"{colour} pictures, stretched to {shape[1]} × {shape[0]} pixels"
    if model.extractor is not None:
        sees = printable(model.extractor.summary())
    n = len(model.networks)
    times = f"The mean of {n} networks, the last one a" if n > 1 else "A"
    return [
        f"{times} fully-connected neural network, made with plainnet: "
        f"{network_line(model.network)}. It sees {plain(sees)}, prepared as (raw − mean) / "
        "scale; all of that is in the model file."
    ]


def settings_lines(model: Model) -> list[str]:
    """List the settings that differ from the defaults or were chosen automatically."""
    lines, trained = [], model.trained
    if trained:
        kept = f"epoch {trained['kept_epoch']} of {trained['epochs']} was kept"
        lines = [f"{kept}, the learning rate was {number(trained['learning_rate'])} at most"]
    usual, chosen = type(model)().recipe.to_dict(), trained.get("settled", {})
    used = settings_used(model)
    for name, value in model.recipe.to_dict().items():
        automatic = chosen.get(name, "none") != "none"
        if (value != usual[name] or automatic) and not (trained and name in IN_WORDS):
            words = name.replace("_", " ")
            lines.append(f"{words}: {used[words]}")
    return lines or ["all settings at their defaults"]


def samples_named(model: Model) -> str:
    """Return the name of an example input."""
    return EXAMPLES[model.inputs.noun]


def given_in_python(model: Model) -> str:
    """The same, or an array."""
    return "X" if model.inputs.noun == "sample" else quoted(samples_named(model))


def other_files(model: Model, files: Mapping[str, str], answers: str) -> Iterator[str]:
    """Explain the use of the ONNX file and the weights, if they are published too."""
    if "onnx" in files:
        yield (f"{span(files['onnx'])} is the same as an ONNX graph, from raw samples {answers}:")
        fed, comment = ONNX_INPUTS[model.inputs.noun]
        if model.preprocessing.needs_double:
            comment = comment.replace("float32", "float64")
        yield code(
            "python",
            "import onnxruntime\n\n"
            f"session = onnxruntime.InferenceSession({quoted(files['onnx'])})\n"
            "names = [output.name for output in session.get_outputs()]\n"
            f"answers = session.run(names, {fed})  # {comment}",
        )
    if "weights" in files:
        yield (
            f"{span(files['weights'])} holds the weights alone, named as in PyTorch's "
            "`torch.nn.Sequential`; plainnet's docs/interchange.md shows how to load them in "
            "PyTorch, Keras and JAX."
        )


# -- YAML and Markdown -----------------------------------------------------------------------------


def quoted(text: str) -> str:
    """Quote a text as a YAML string; YAML reads JSON's quoting."""
    return json.dumps(printable(text), ensure_ascii=False)


def yaml_number(value: float) -> str:
    """Write a number for YAML, which takes an exponent only after a decimal point."""
    digits, _, power = f"{value:.6g}".partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}e{power}" if power else digits


def plain(text: str) -> str:
    """Escape everything that Markdown or HTML would interpret."""
    return re.sub(r"([\\`*_\[\]<>#|~$&])", r"\\\1", printable(text))


def span(text: str) -> str:
    """Mark a name as code; with backticks in it, it is escaped as plain text."""
    return f"`{printable(text)}`" if "`" not in text else plain(text)


def word(text: str) -> str:
    """Quote a word for the shell."""
    return shlex.quote(printable(text))


def code(language: str, code: str) -> str:
    """Return a block of code in Markdown."""
    return f"```{language}\n{code}\n```"


def bullets(lines: list[str]) -> str:
    """Return a bulleted list in Markdown."""
    return "\n".join(f"- {plain(line)}" for line in lines)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table: the first column holds words, the others numbers."""
    rule = ("---", *("---:" for _ in header[1:]))
    cells = [map(plain, header), rule, *(map(plain, row) for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
