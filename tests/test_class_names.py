"""What a class is called, and that `predict(X) == y` can be compared, whatever y is made of."""

import enum
import logging
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainnet import Classifier
from plainnet.data import Dataset
from plainnet.data.class_matching import class_indices, match
from plainnet.data.class_names import class_name, label_array, name_labels, natural_order
from plainnet.errors import DataError, SettingError
from plainnet.models.attribution import explain_pixels
from plainnet.network import Array

BIG = 2**53
NFC, NFD = "caf\u00e9", "cafe\u0301"


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 3


@pytest.mark.parametrize(
    ("label", "name"),
    [
        *[("cat", "cat"), (" cat ", "cat"), (NFD, NFC), ("01", "01"), ("+5", "+5"), ("1e3", "1e3")],
        *[("5.0", "5.0"), ("-0", "-0"), (np.str_("a"), "a"), (Colour.RED, "red"), ("NA", "NA")],
        *[(1, "1"), (-1, "-1"), (10**30, str(10**30)), (987654321098765432, "987654321098765432")],
        *[(np.int8(-3), "-3"), (np.uint64(2**64 - 1), str(2**64 - 1)), (Level.LOW, "3")],
        *[(True, "True"), (np.bool(False), "False"), (1.0, "1"), (-0.0, "0"), (0.5, "0.5")],
        *[(np.float32(2), "2"), (np.float64(1e-3), "0.001"), (float(BIG - 1), str(BIG - 1))],
        *[(np.longdouble(3), "3"), (np.float16(2.5), "2.5")],
    ],
)
def test_the_name_of_a_label(label: Any, name: str) -> None:
    assert class_name(label) == name


@pytest.mark.parametrize(
    "label",
    [
        *[float("nan"), float("inf"), -float("inf"), 1e20, float(BIG), np.float32(2**24)],
        *[np.float16(2048), None, b"cat", Decimal(1), Fraction(1, 2), 1j, (1,), {}, object()],
        np.datetime64("2024-01-01"),
    ],
)
def test_what_is_no_label(label: Any) -> None:
    with pytest.raises(ValueError, match=r"is neither a text|not a finite|cannot be distinguished"):
        class_name(label)


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.floats(-1e15, 1e15)))
def test_a_name_names_itself(label: Any) -> None:
    assert class_name(class_name(label)) == class_name(label)


LABELS = st.one_of(
    st.lists(st.text(), min_size=2),
    st.lists(st.integers(), min_size=2),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2).map(np.array),
    st.lists(st.integers(0, 2**64 - 1), min_size=2).map(lambda y: np.array(y, np.uint64)),
    st.lists(st.booleans(), min_size=2),
    st.lists(st.floats(-1e15, 1e15), min_size=2),
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=2).map(lambda y: np.array(y, np.float32)),
    st.lists(st.one_of(st.integers(), st.sampled_from("abc")), min_size=2),
)


@given(LABELS)
def test_labels_come_back_as_they_were(y: Any) -> None:
    numbers, classes, labels = name_labels(y, "y")
    assert [class_name(label) for label in labels] == list(classes)
    assert [classes[k] for k in numbers] == [class_name(label) for label in y]
    if len(set(y)) == len(classes):  # no two texts that are spelled in two ways
        back = label_array(labels)[numbers]
        assert all(a == b for a, b in zip(back, y, strict=True))
        assert (back == np.asarray(y, back.dtype)).all()


@pytest.mark.parametrize(
    ("y", "why"),
    [
        ([1, "1"], "holds '1' both as a text and as a number"),
        ([True, 1, 0], "holds both booleans and numbers"),
        ([True, 2.5], "holds both booleans and numbers"),
        ([0, None], r"y holds None in row 1 .*; leave such samples out\."),
        ([0.0, np.nan, 1.0], "y holds .*nan.* in row 1"),
        ([0.0, 1.0, np.inf], "y holds .*inf.* in row 2"),
        (np.array([0.0, 1e20]), r"y holds .*1e\+20.* in row 1"),
        (np.array([b"a", b"b"]), r"y is \|S1 \(2,\); decode them, np\.char\.decode"),
        (np.eye(3), r"float64 \(3, 3\), with a single 1 in each row; .*y\.argmax\(axis=1\)"),
        ([[0, 1], [1, 0]], r"y\.argmax\(axis=1\)"),
        ([[True, False]], r"y\.argmax\(axis=1\)"),
        (np.ones((2, 3)), r"y is float64 \(2, 3\)"),
        ([[1, 2], [3]], r"y holds \[1, 2\] in row 0"),
        ("cat", r"y is object \(\)"),
        (np.array(["2024-01-01"], "M8[D]"), "y is datetime64"),
        (np.ma.masked_array([0, 1, 2], [False, True, False]), "y .*masked.* in row 1"),
    ],
)
def test_what_are_no_labels(y: Any, why: str) -> None:
    with pytest.raises(DataError, match=why):
        name_labels(y, "y")


def test_two_spellings_of_a_text_are_one_class_and_named(caplog: Any) -> None:
    with caplog.at_level(logging.WARNING):
        assert name_labels([NFC, "b", NFD], "y")[1:] == (("b", NFC), ("b", NFC))
    assert f"y spells the class {NFC!r} in several ways" in caplog.text


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["10", "2", "1"], ["1", "2", "10"]),
        (["a10", "b1", "a2", "A3"], ["A3", "a2", "a10", "b1"]),
        (["1.5", "-2", "10", "0.5"], ["-2", "0.5", "1.5", "10"]),
        (["A", "02", "01", "1"], ["01", "1", "02", "A"]),
        ([str(2**60 + 1), str(2**60)], [str(2**60), str(2**60 + 1)]),
        (["v1.10", "v1.9"], ["v1.9", "v1.10"]),
    ],
)
def test_the_natural_order(names: list[str], order: list[str]) -> None:
    assert natural_order(names) == natural_order(order) == order


@given(st.lists(st.text()))
def test_any_texts_have_an_order(names: list[str]) -> None:
    assert sorted(natural_order(names)) == sorted(names)


@pytest.mark.parametrize(
    ("classes", "names", "places"),
    [
        (("1", "01"), ["01", "1"], [1, 0]),
        (("1", "2"), ["1.0", "2.00", "01", "+1", "1e0", "1.5"], [0, 1, None, None, None, None]),
        (("1.0", "2.0"), ["1", "2", "1.00"], [0, 1, 0]),
        (("1", "1.0"), ["1", "1.0", "1.00"], [0, 1, None]),
        (("False", "True"), ["true", "TRUE", "1", "1.0", "0", "2"], [1, 1, 1, 1, 0, None]),
        (("0", "1"), ["True", "false", "TRUE", "yes"], [1, 0, 1, None]),
        (("TRUE", "FALSE"), ["True", "0"], [0, 1]),
        (("0", "1", "2"), ["True"], [None]),
        (("False", "True", "?"), ["TRUE", "1"], [1, None]),
        (("0", "False"), ["true", "0.0", "FALSE"], [None, 0, 1]),
        ((NFD, "b"), [NFC, NFD, " b"], [0, 0, 1]),
        ((NFC, NFD), [NFC, NFD], [0, 1]),
    ],
)
def test_what_other_data_call_the_classes(
    classes: tuple[str, ...], names: list[str], places: list[int | None]
) -> None:
    assert match(names, classes) == places


def test_an_unknown_class_is_named_with_the_known_ones() -> None:
    with pytest.raises(DataError, match="y holds the class '01', but the model knows only 1, 2"):
        class_indices(["1", "01"], ("1", "2"), "y")


# -- the law: what predict answers can be compared with what fit was given ----------------------


def learned(y: Any, **settings: Any) -> tuple[Classifier, Array]:
    """A classifier that knows by heart which of its two or three labels each sample has."""
    different = list(dict.fromkeys(list(y)))
    places = np.array([different.index(label) for label in y])
    X = np.eye(3, dtype=np.float32)[places] * 4
    made = Classifier(hidden=(), epochs=30, learning_rate=0.1, validation_share=0, **settings)
    return made.fit(X, y), X


GIVEN: dict[str, Any] = {
    "int": [3, 1, 2] * 20,
    "int8": np.array([3, -1, 2] * 20, np.int8),
    "uint8": np.array([3, 1, 200] * 20, np.uint8),
    "past 2^53": [BIG + 1, BIG, BIG + 2] * 20,
    "uint64": np.array([2**64 - 1, 2**64 - 2, 1] * 20, np.uint64),
    "past 64 bits": [2**70, 2**70 + 1, -1] * 20,
    "negative and past int64": [2**63, -1, 0] * 20,
    "bool": [True, False, False] * 20,
    "bools": np.array([True, False, False] * 20),
    "float": [1.0, 0.0, 2.0] * 20,
    "float32": np.array([1, 0, 2] * 20, np.float32),
    "fractions": [0.1, 0.5, 2.25] * 20,
    "float32 fractions": np.array([0.1, 0.5, 2.25] * 20, np.float32),
    "text": ["b", "a", NFC] * 20,
    "decomposed": ["b", "a", NFD] * 20,
    "spaces": np.array([" b", "a ", "c"] * 20),
    "digits": ["01", "1", "1.0"] * 20,
    "variable text": np.array(["b", "a", "c"] * 20, np.dtypes.StringDType()),
    "objects": np.array(["b", "a", "c"] * 20, object),
    "numbers as objects": np.array([1, 2.5, 2**60 + 1] * 20, object),
    "mixed": np.array([1, "a", 2.5] * 20, object),
    "unmasked": np.ma.masked_array([3, 1, 2] * 20, False),
    "ends in nothing": np.array(["a\0", "a", "c"] * 20, object),
    "column": np.array([3, 1, 2] * 20).reshape(-1, 1),
    "numpy scalars": [np.int64(4), np.int16(2), np.uint8(9)] * 20,
}


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("ensemble", [1, 2])
def test_answers_have_the_type_that_was_given(name: str, ensemble: int, tmp_path: Path) -> None:
    y = GIVEN[name]
    flat = y.ravel() if isinstance(y, np.ndarray) else y
    model, X = learned(flat, ensemble=ensemble)
    if name == "column":
        model.fit(X, y)
    model.save(tmp_path / "m")
    for asked in (model, Classifier.load(tmp_path / "m")):
        answers = asked.predict(X)
        assert (answers == flat).mean() == 1
        assert answers.shape == (60,)
        assert asked.score(X, y) == 1
        assert asked.classes == model.classes
        assert asked.labels == model.labels
        assert {type(name) for name in asked.classes} == {str}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("int", "i"), ("int8", "i"), ("uint64", "u"), ("bool", "b"), ("float", "f"), ("text", "U")],
)
def test_the_type_of_the_answers(name: str, kind: str) -> None:
    model, X = learned(GIVEN[name])
    assert model.predict(X).dtype.kind == kind


def test_series_of_pandas_are_answered_as_they_are() -> None:
    pandas = pytest.importorskip("pandas")
    cases: list[tuple[list[Any], str]] = [
        ([1, 2, 3], "Int64"),
        ([True, False, True], "boolean"),
        (["a", "b", "c"], "string"),
        (["a", "b", "c"], "category"),
        ([2**60, 2**60 + 1, 1], "uint64"),
        ([1.0, 2.0, 4.0], "Float64"),
    ]
    for values, dtype in cases:
        y = pandas.Series(values * 20, dtype=dtype)
        model, X = learned(y)
        assert (model.predict(X) == y).mean() == 1, dtype
        assert model.score(X, y) == 1


def test_other_types_for_the_same_classes_are_scored_alike() -> None:
    model, X = learned([1, 0, 0] * 20)
    alike: list[Any] = [["1", "0", "0"], [True, False, False], [1.0, 0.0, 0.0]]
    for y in (*alike, ["1.0", "0.0", "0.0"]):
        assert model.score(X, y * 20) == 1
        assert model.score(X, [y[1], *y[1:]] * 20) == pytest.approx(2 / 3)
    others: list[Any] = [["01", "0", "0"], ["yes", "no", "no"], [2, 1, 1]]
    for y in others:
        with pytest.raises(DataError, match=r"y holds the class .* but the model knows only 0, 1"):
            model.score(X, y * 20)


# -- where a class is named ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "weights"),
    [
        ([0, 1] * 30, {0: 3, 1: 1}),
        ([0, 1] * 30, {np.int64(0): np.int64(3)}),
        ([0, 1] * 30, {"0": 3}),
        ([0, 1] * 30, {False: 3}),
        ([0, 1] * 30, {0.0: 3}),
        ([False, True] * 30, {np.bool(False): np.float32(3)}),
        ([False, True] * 30, {0: 3}),
        ([NFD, "b"] * 30, {NFC: 3}),
    ],
)
def test_a_class_weight_may_name_its_class_as_y_does(
    y: list[Any], weights: Any, tmp_path: Path
) -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    how: dict[str, Any] = {"hidden": (), "epochs": 2}
    model = Classifier(**how, class_weight=weights).fit(X, y)
    named = Classifier(**how, class_weight={class_name(y[0]): 3}).fit(X, y)
    assert np.array_equal(model.network.theta, named.network.theta)
    assert not np.array_equal(model.network.theta, Classifier(**how).fit(X, y).network.theta)
    model.save(tmp_path / "m")
    assert Classifier.load(tmp_path / "m").recipe == model.recipe


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ({0: 1, "0": 2}, "gives a class two weights"),
        ({"0": 1, "False": 2}, "gives a class two weights"),
        (np.array([1, 2]), "The class weight must be one of none, balanced, or weights such as"),
        ({None: 1}, "names no class .None is neither"),
        ({2: 1}, "'2', which is not a class; the classes are 0, 1"),
        ({"01": 1}, "'01', which is not a class"),
    ],
)
def test_a_class_weight_of_no_class(weights: Any, why: str) -> None:
    with pytest.raises(SettingError, match=why):
        Classifier(class_weight=weights, epochs=1).fit(np.eye(2)[[0, 1] * 9], [0, 1] * 9)


@pytest.mark.parametrize("positive", [1, True, "1", np.int8(1), 1.0])
def test_the_positive_class_may_be_named_as_y_does(positive: Any) -> None:
    X = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    how: dict[str, Any] = {"hidden": (), "epochs": 5, "precision": 0.6, "validation_share": 0.3}
    named = Classifier(positive=positive, **how).fit(X, y)
    assert named.threshold == Classifier(**how).fit(X, y).threshold != 0.5
    with pytest.raises(SettingError, match=r"'0' or '1', .*'2'"):
        Classifier(positive=2, **how).fit(X, y)
    with pytest.raises(SettingError, match="positive must name a class, but b'1' is"):
        Classifier(positive=b"1", **how)


def test_the_class_to_explain_may_be_named_as_y_does() -> None:
    X = np.zeros((40, 4, 4, 1), np.uint8)
    X[::2] = 255
    model = Classifier(hidden=(), epochs=2).fit(X, [7, 5] * 20)
    shown = {explain_pixels(model, X[:1], of=of).of for of in (7, "7", 7.0, np.uint8(7))}
    assert shown == {"7"}
    with pytest.raises(SettingError, match=r"5, 7, .* 6"):
        explain_pixels(model, X[:1], of=6)


def test_the_classes_of_a_data_set_may_be_numbers() -> None:
    X, y = np.eye(2)[[0, 1] * 30] * 4, np.array([0, 1] * 30)
    for classes in ((7, 5), [True, False], np.array([0.5, 1.5])):
        data = Dataset(X, y, classes)  # type: ignore[arg-type]
        assert data.classes == tuple(map(class_name, classes))
        model = Classifier(hidden=(), epochs=30, learning_rate=0.1).fit(data)
        assert (model.predict(X) == np.array(classes)[y]).all()
    with pytest.raises(DataError, match="must name each class, but None is neither"):
        Dataset(X, y, (0, None))  # type: ignore[arg-type]
