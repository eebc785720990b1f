"""The graph: every layer a box, forward on the left and backward on the right, no text outside."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from itertools import pairwise

import pytest

from plainnet.demo.article import article_network
from plainnet.network import (
    Array,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    LeakyReLU,
    Loss,
    MeanSquaredError,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
)
from plainnet.network.arrays import Shape
from plainnet.reports.graph import LONGEST, Box, graph_boxes, graph_dot, graph_svg

SVG = "{http://www.w3.org/2000/svg}"


class Scale(Layer):
    """A layer of a user's, with a weight and a very long setting."""

    weights: Mapping[str, Shape] = {"s": (1,)}

    @property
    def settings(self) -> dict[str, object]:
        return {"note": "<&> " + "狗" * 200}

    def forward(self, X: Array, training: bool = False) -> Array:
        return X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return dY


NETWORKS = {
    "article": (article_network(), SigmoidCrossEntropy()),
    "softmax": (Network.dense([784, 256, 128, 10], dropout=0.2), SoftmaxCrossEntropy()),
    "leaky": (Network([Dense(3, 4), LeakyReLU(), Dense(4, 2)]), MeanSquaredError()),
    "own": (Network([ReLU(), Scale(), Dense(3, 1)]), SigmoidCrossEntropy()),
    "bare": (Network([Tanh()]), MeanSquaredError()),
    "normalised": (
        Network([Dense(3, 4), BatchNorm(4), LayerNorm(4), Dense(4, 2)]),
        SoftmaxCrossEntropy(),
    ),
    "wide": (Network([Dense(10**6, 1)]), SigmoidCrossEntropy()),
}


def drawn(name: str) -> ET.Element:
    network, loss = NETWORKS[name]
    return ET.fromstring(graph_svg(graph_boxes(network, loss)))


def test_the_boxes_of_the_articles_network() -> None:
    boxes = graph_boxes(*NETWORKS["article"], (64, 64, 3))
    assert [box.title for box in boxes] == [
        "X  inputs",
        "0  Dense",
        "1  ReLU",
        "2  Dense",
        "3  ReLU",
        "4  Dense",
        "SigmoidCrossEntropy",
    ]
    assert (boxes[0].left, boxes[0].forward, boxes[0].backward) == (
        ("64 × 64 × 3",),
        "X (N, 12288)",
        "",
    )
    assert boxes[1] == Box(
        "0  Dense",
        "1,228,900 parameters",
        ("Y = X W + b", "W (12288, 100)", "b (100,)"),
        ("dW = Xᵀ dY", "db = Σ_N dY", "dX left out"),
        "Y (N, 100)",
        "dY (N, 100)",
    )
    assert boxes[2].right == ("dX = dY · [X > 0]",)
    assert (boxes[5].forward, boxes[5].backward) == ("Z (N, 1)", "dZ (N, 1)")
    assert boxes[6].right == ("dZ = (p − y) / (N K)",)


def test_the_way_back_ends_at_the_first_parameters() -> None:
    boxes = graph_boxes(*NETWORKS["own"])
    assert [bool(box.backward) for box in boxes] == [False, False, True, True, False]
    assert boxes[1].right == ()
    assert boxes[2].right == ("ds", "dX left out")
    assert boxes[2].left[0] == "Y = Scale(X)"
    bare = graph_boxes(*NETWORKS["bare"])
    assert bare[0].forward == "X (N, …)"
    assert not any(box.backward for box in bare)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_text_leaves_its_box_nor_the_drawing(name: str) -> None:
    svg = drawn(name)
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    boxes = [r.attrib for r in svg.iter(f"{SVG}rect") if r.attrib["class"] == "box"]
    for text in svg.iter(f"{SVG}text"):
        shown = text.text or ""
        long = 8 * (len(shown) + len(re.findall("[\u4e00-\u9fff]", shown)))
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        start = x - long if text.attrib.get("text-anchor") == "end" else x
        assert start >= 0
        assert start + long <= width
        assert 12 < y < height
        for box in boxes:
            left, top = float(box["x"]), float(box["y"])
            if top < y < top + float(box["height"]):
                assert left < start
                assert start + long < left + float(box["width"])
                break


@pytest.mark.parametrize("name", NETWORKS)
def test_title_and_parameters_and_the_two_halves_do_not_meet(name: str) -> None:
    rows: dict[str, list[tuple[float, float]]] = {}
    for text in drawn(name).iter(f"{SVG}text"):
        shown = text.text or ""
        long = 8 * (len(shown) + len(re.findall("[\u4e00-\u9fff]", shown)))
        x = float(text.attrib["x"])
        start = x - long if text.attrib.get("text-anchor") == "end" else x
        rows.setdefault(text.attrib["y"], []).append((start, start + long))
    for row in rows.values():
        row.sort()
        for (_, end), (start, _) in pairwise(row):
            assert end < start


def test_long_names_are_cut_and_marks_escaped() -> None:
    long = type("狗" * 60, (Scale,), {})
    boxes = graph_boxes(Network([long(), Dense(2, 1)]), SigmoidCrossEntropy())
    assert boxes[1].title.endswith("狗…")
    assert len(boxes[1].title) <= LONGEST
    assert graph_boxes(*NETWORKS["own"])[2].title == "1  Scale"  # without its long setting
    svg = graph_svg(boxes, "<b>&")
    assert "<b>" not in svg
    assert "<title>&lt;b&gt;&amp;</title>" in svg
    assert ET.fromstring(svg).tag == f"{SVG}svg"


def test_an_arrow_down_for_each_step_and_up_for_each_gradient() -> None:
    svg = drawn("article")
    lines = [line.attrib for line in svg.iter(f"{SVG}line")]
    down = [line for line in lines if line["class"] == "fore"]
    up = [line for line in lines if line["class"] == "back"]
    assert (len(down), len(up)) == (6, 5)
    assert all(float(line["y1"]) < float(line["y2"]) for line in down)
    assert all(float(line["y1"]) > float(line["y2"]) for line in up)
    assert {float(line["x1"]) for line in down} < {float(line["x1"]) for line in lines}


def test_light_and_dark() -> None:
    assert "prefers-color-scheme: dark" in graph_svg(graph_boxes(*NETWORKS["article"]))


@pytest.mark.parametrize("name", NETWORKS)
def test_dot_is_balanced(name: str) -> None:
    network, loss = NETWORKS[name]
    boxes = graph_boxes(network, loss)
    dot = graph_dot(boxes, 'a "title"')
    assert dot.startswith('digraph "a \\"title\\"" {\n')
    assert dot.endswith("}\n")
    assert len(re.findall(r"^  n\d+ \[", dot, re.MULTILINE)) == len(boxes)
    assert dot.count(" -> ") == len(boxes) - 1 + sum(bool(box.backward) for box in boxes)
    assert re.sub(r"\\.", "", dot).count('"') % 2 == 0


def test_a_loss_of_ones_own() -> None:
    class Mine(Loss):
        """J only."""

    boxes = graph_boxes(Network([Dense(2, 1), Dropout(0.1)]), Mine())
    assert (boxes[-1].title, boxes[-1].left, boxes[-1].right) == ("Mine", ("J",), ("dZ",))
    assert boxes[2].title == "1  Dropout(rate=0.1)"
