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
    "That was not measured, or is not noted in the model. `plainnet evaluate MODEL DATA` measures "
    "it, on DATA that played no part in the training."
)


EXAMPLES = {"picture": "photo.jpg", "row": "table.csv", "sample": "features.npy"}
"""A file that a model could be asked about, by the kind of its inputs."""
_X = "{session.get_inputs()[0].name: X}"
ONNX_INPUTS = {
    "picture": (_X, "X: uint8 (N, H, W, 3)"),
    "row": ("columns", "columns: by name, each (N, 1)"),
    "sample": (_X, "X: float32 (N, n)"),
}
"""What an ONNX graph is fed with, and what that is."""
SAID = ("epochs", "learning_rate")
"""Settings that are said in words."""


def head_lines(task: str, data: str, license: str) -> list[str]:
    """The beginning of the YAML head: the task as hubs call it, if they do, and the data."""
    said = f"license: {quoted(license)}" if license else "# license: under which you give it away"
    lines = ["library_name: plainnet", said, *([f"pipeline_tag: {task}"] if task else []), "tags:"]
    lines += [f"  - {tag}" for tag in ("plainnet", "numpy", "safetensors", task) if tag]
    return lines + (["datasets:", f"  - {quoted(data)}"] if data else [])


def what_it_is(model: Model) -> list[str]:
    """The network, and what it sees."""
    shape = model.picture_shape
    sees = f"{count(model.preprocessing.shape[0], 'feature')}"
    if shape:
        colour = "grey" if shape[2] == 1 else "colour"
        sees = f"{colour} pictures, stretched to {shape[1]} × {shape[0]} pixels"
    if model.extractor is not None:
        sees = printable(model.extractor.summary())
    n = len(model.networks)
    times = f"The mean of {n} networks, each a" if n > 1 else "A"
    return [
        f"{times} fully-connected neural network, made with plainnet: "
        f"{network_line(model.network)}. It sees {plain(sees)}, prepared as (raw − mean) / "
        "scale; all of that is in the model file."
    ]


def settings_lines(model: Model) -> list[str]:
    """How it was trained, where that was not as usual or was chosen by itself."""
    lines, told = [], model.trained
    if told:
        kept = f"epoch {told['kept_epoch']} of {told['epochs']} was kept"
        lines = [f"{kept}, the learning rate was {number(told['learning_rate'])} at most"]
    usual, chosen = type(model)().recipe.to_dict(), told.get("settled", {})
    used = settings_used(model)
    for name, value in model.recipe.to_dict().items():
        by_itself = chosen.get(name, "none") != "none"
        if (value != usual[name] or by_itself) and not (told and name in SAID):
            words = name.replace("_", " ")
            lines.append(f"{words}: {used[words]}")
    return lines or ["all settings as usual"]


def samples_named(model: Model) -> str:
    """A file that it could be asked about."""
    return EXAMPLES[model.inputs.noun]


def given_in_python(model: Model) -> str:
    """The same, or an array."""
    return "X" if model.inputs.noun == "sample" else quoted(samples_named(model))


def other_files(model: Model, files: Mapping[str, str], answers: str) -> Iterator[str]:
    """How the ONNX file and the weights are used, where they are given away as well."""
    if "onnx" in files:
        yield (f"{span(files['onnx'])} is the same as an ONNX graph, from raw samples {answers}:")
        fed, told = ONNX_INPUTS[model.inputs.noun]
        told = told.replace("float32", "float64") if model.preprocessing.needs_double else told
        yield code(
            "python",
            "import onnxruntime\n\n"
            f"session = onnxruntime.InferenceSession({quoted(files['onnx'])})\n"
            "names = [output.name for output in session.get_outputs()]\n"
            f"answers = session.run(names, {fed})  # {told}",
        )
    if "weights" in files:
        yield (
            f"{span(files['weights'])} holds the weights alone, named as by PyTorch's "
            "`torch.nn.Sequential`; see docs/interchange.md of plainnet for the lines that load "
            "them in PyTorch, Keras and JAX."
        )


# -- YAML and Markdown -----------------------------------------------------------------------------


def quoted(text: str) -> str:
    """A YAML string in double quotes, in which YAML reads what JSON writes."""
    return json.dumps(printable(text), ensure_ascii=False)


def yaml_number(value: float) -> str:
    """A number that YAML reads as one: where there is an exponent it wants a point as well."""
    digits, _, power = f"{value:.6g}".partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}e{power}" if power else digits


def plain(text: str) -> str:
    """A text in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>#|~$&])", r"\\\1", printable(text))


def span(text: str) -> str:
    """A name as code; backticks in it would end that."""
    return f"`{printable(text)}`" if "`" not in text else plain(text)


def word(text: str) -> str:
    """A word of a shell."""
    return shlex.quote(printable(text))


def code(language: str, code: str) -> str:
    """Lines of code."""
    return f"```{language}\n{code}\n```"


def bullets(lines: list[str]) -> str:
    """A list."""
    return "\n".join(f"- {plain(line)}" for line in lines)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, whose first column is of words and the others of figures."""
    rule = ("---", *("---:" for _ in header[1:]))
    cells = [map(plain, header), rule, *(map(plain, row) for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
