"""The computation graph of a network, forward and backward: as SVG, and as text for Graphviz.

Layers are boxes in a column. The left half of a box and the arrow on the left show the forward
pass, the right half and the arrow on the right the backward pass, with formulas and shapes.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import TextWrapper
from unicodedata import combining, east_asian_width

from plainnet.network import Layer, Loss, Network
from plainnet.network.trace import loss_formulas
from plainnet.reports.styles import style
from plainnet.reports.text import count, printable
from plainnet.reports.trace_text import formulas_by_letter, letter

LONGEST = 40
"""Most characters of a word or title in a box."""
WRAPPED = 24
"""Most characters of a line in a box, so that two fit side by side on a phone."""
_CHAR, _LINE, _PAD, _GAP = 8.1, 19.0, 14.0, 46.0  # pixels; a character of 13 pixels takes 7.8
_WRAP = TextWrapper(
    WRAPPED, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False
)


@dataclass(frozen=True)
class Box:
    """The inputs, a layer, or the loss."""

    title: str
    corner: str
    """Number of parameters; "" if there are none."""
    left: tuple[str, ...]
    """Formulas of the forward pass, and shapes of parameters."""
    right: tuple[str, ...]
    """Formulas of the backward pass."""
    forward: str = ""
    """Label of the arrow down; "" at the end."""
    backward: str = ""
    """Label of the arrow up; "" where no gradient is needed."""

    @property
    def lines(self) -> int:
        """Number of lines below the title."""
        return max(len(self.left), len(self.right))


def graph_boxes(
    network: Network, loss: Loss, inputs: Sequence[int] = (), name: str = "inputs"
) -> list[Box]:
    """Return the boxes of the graph from top to bottom.

    Args:
        network: may contain layers of your own.
        loss: the loss, where the backward pass begins.
        inputs: the shape of one sample before it was flattened, such as (64, 64, 3).
        name: the name of the inputs.
    """
    first = next((i for i, layer in enumerate(network.layers) if _has_parameters(layer)), None)
    features = network.n_in
    sample = (" × ".join(map(str, inputs)),) if len(inputs) > 1 else ()
    boxes = [Box(f"X  {name}", "", sample, (), f"X {_shape(features)}")]
    for i, layer in enumerate(network.layers):
        features = layer.n_out or features
        last = i == len(network.layers) - 1
        asked = first is not None and i >= first
        boxes.append(
            Box(
                f"{i}  {_title(layer)}",
                _parameters(network, i),
                tuple(_forward(layer)),
                tuple(_backward(layer, need_dX=first is not None and i > first)) if asked else (),
                f"{'Z' if last else 'Y'} {_shape(features)}",
                f"{'dZ' if last else 'dY'} {_shape(features)}" if asked else "",
            )
        )
    formulas = loss_formulas(loss)
    left = tuple(filter(None, (formulas.P, formulas.J))) or ("J",)
    boxes.append(Box(type(loss).__name__, "", left, (formulas.dZ or "dZ",)))
    return [_fitted(box) for box in boxes]


def graph_svg(boxes: Sequence[Box], title: str = "Computation graph") -> str:
    """Return the graph as SVG, for a file or within a page, in light and dark mode."""
    half = max(_half(box) for box in boxes)
    wide = 2 * (half + _PAD)
    middle = _PAD + wide / 2
    parts = [
        _text(middle - 19, _PAD + 10, "forward", "fore", "end"),
        _text(middle + 19, _PAD + 10, "backward", "back"),
    ]
    top = _PAD + _LINE
    for i, box in enumerate(boxes):
        tall = 2 * _PAD + _LINE * (1 + box.lines) - 4
        parts += _box(box, _PAD, top, wide, tall, half)
        top += tall
        if i < len(boxes) - 1:
            parts += _arrows(box, middle, top)
            top += _GAP
    width, height = round(wide + 2 * _PAD), round(top + _PAD)
    name = html.escape(printable(title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plainnet-graph" role="img" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f"<title>{name}</title>\n<style>\n{style('graph')}</style>\n"
        f'<rect class="paper" width="{width}" height="{height}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def graph_dot(boxes: Sequence[Box], title: str = "Computation graph") -> str:
    """Return the graph in Graphviz's language, for `dot -Tpdf` and its like."""
    lines = [
        f"digraph {_quoted(title)} {{",
        '  node [shape=box, style=rounded, fontname="monospace"];',
        '  edge [fontname="monospace"];',
    ]
    for i, box in enumerate(boxes):
        label = "\n".join(part for part in (box.title, box.corner, *box.left, *box.right) if part)
        lines.append(f"  n{i} [label={_quoted(label)}];")
    for i, box in enumerate(boxes[:-1]):
        lines.append(f"  n{i} -> n{i + 1} [label={_quoted(box.forward)}];")
        if box.backward:
            back = f"label={_quoted(box.backward)}, style=dashed, constraint=false"
            lines.append(f"  n{i + 1} -> n{i} [{back}];")
    return "\n".join([*lines, "}", ""])


# -- contents of the boxes -----------------------------------------------------------------------


def _has_parameters(layer: Layer) -> bool:
    return bool(layer.weights or layer.biases)


def _title(layer: Layer) -> str:
    """Name the layer with its settings if they are short, without sizes, which arrows show."""
    settings = {k: v for k, v in layer.settings.items() if k not in ("n", "n_in", "n_out")}
    inner = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    name = type(layer).__name__
    return f"{name}({inner})" if inner and len(name + inner) < WRAPPED else name


def _parameters(network: Network, i: int) -> str:
    own = sum(v.size for k, v in network.parameters.items() if k.startswith(f"layers.{i}."))
    return count(own, "parameter") if own else ""


def _forward(layer: Layer) -> Iterator[str]:
    yield layer.formula or f"Y = {type(layer).__name__}(X)"
    for name, shape in {**layer.weights, **layer.biases}.items():
        yield f"{letter(name)} ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _backward(layer: Layer, need_dX: bool) -> Iterator[str]:
    by_letter = formulas_by_letter(layer.backward_formulas)
    for name in (*layer.weights, *layer.biases):
        yield by_letter.get(letter(f"d{name}"), letter(f"d{name}"))
    yield by_letter.get("dX", "dX") if need_dX else "dX left out"


def _shape(features: int | None) -> str:
    return f"(N, {'…' if features is None else features})"


def _fitted(box: Box) -> Box:
    """Wrap the texts of a box, and cut words that are still too long."""

    def cut(text: str) -> str:
        text = printable(text)
        while _columns(text) > LONGEST:
            text = text.removesuffix("…")[:-1] + "…"
        return text

    def wrapped(lines: Sequence[str]) -> tuple[str, ...]:
        parts = [_WRAP.wrap(printable(line)) for line in lines]
        return tuple(cut(part) for wrap in parts for part in wrap)

    left, right = wrapped(box.left), wrapped(box.right)
    return Box(cut(box.title), box.corner, left, right, cut(box.forward), cut(box.backward))


# -- drawing -------------------------------------------------------------------------------------


def _columns(text: str) -> int:
    """Count columns: wide characters, such as Chinese, take two, combining marks none."""
    return sum(2 if east_asian_width(c) in "WF" else not combining(c) for c in text)


def _half(box: Box) -> float:
    """Return the pixels for half of the box: of its title, its lines, and its arrows' labels."""
    title = (_columns(box.title) + _columns(box.corner) + 3) / 2
    longest = max(map(_columns, ("", *box.left, *box.right)))
    label = max(_columns(box.forward), _columns(box.backward))
    return _CHAR * max(title, longest + 1, label + 2)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    x += _CHAR * (len(text) - len(text.lstrip()))  # drawing programs drop leading spaces
    text = text.lstrip()
    given = f' class="{kind}"' if kind else ""
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}"{given}{end}>{html.escape(text)}</text>'


def _box(box: Box, x: float, y: float, wide: float, tall: float, half: float) -> Iterator[str]:
    yield f'<rect class="box" x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}" rx="6"/>'
    line = y + _PAD + 10
    yield _text(x + _PAD, line, box.title, "title")
    if box.corner:
        yield _text(x + wide - _PAD, line, box.corner, "dim", "end")
    for lines, left in ((box.left, x + _PAD), (box.right, x + _PAD + half + _CHAR / 2)):
        for i, text in enumerate(lines, 1):
            yield _text(left, line + i * _LINE, text)


def _arrows(box: Box, middle: float, top: float) -> Iterator[str]:
    """Draw the arrow down left of the middle and the arrow up right of it, with their labels."""
    if box.forward:
        x, end = middle - 10, top + _GAP
        yield f'<line class="fore" x1="{x:g}" y1="{top:g}" x2="{x:g}" y2="{end - 7:g}"/>'
        yield f'<path class="fore" d="M{x:g} {end - 1:g}l-5 -9h10z"/>'
        yield _text(x - 9, top + _GAP / 2 + 4, box.forward, "fore", "end")
    if box.backward:
        x, end = middle + 10, top + _GAP
        yield f'<line class="back" x1="{x:g}" y1="{end:g}" x2="{x:g}" y2="{top + 7:g}"/>'
        yield f'<path class="back" d="M{x:g} {top + 1:g}l-5 9h10z"/>'
        yield _text(x + 9, top + _GAP / 2 + 4, box.backward, "back")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
