"""The model file: what goes in comes out, and whatever does not fit is refused in a sentence."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load, load_file, save

from plainnet.errors import FileError, ModelFileError
from plainnet.files import header, tensors
from plainnet.files.model_file import read_model, write_model
from plainnet.network import (
    GELU,
    SELU,
    Array,
    AveragePool2D,
    BatchNorm,
    BatchNorm2D,
    ByColumns,
    Conv2D,
    Dense,
    DenseNTP,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    EnsembleDense,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    MemberDense,
    MemberMean,
    MemberScaling,
    Mish,
    Network,
    Parametric,
    PeriodicEmbedding,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    ReLU,
    Residual,
    Scaling,
    Sigmoid,
    SigmoidMemberMean,
    SiLU,
    SoftmaxMemberMean,
    Tanh,
)

LAYERS: list[Callable[[], Layer]] = [
    ReLU,
    lambda: LeakyReLU(0.3),
    Sigmoid,
    Tanh,
    SiLU,
    GELU,
    SELU,
    Mish,
    lambda: Dropout(0.25),
    lambda: BatchNorm(4, 0.3, 1e-3),
    lambda: LayerNorm(4, 1e-3),
    lambda: Dense(4, 4),
    lambda: DenseNTP(4, 4),
    lambda: Scaling(4),
    lambda: Parametric(4, "mish"),
    lambda: PiecewiseLinear([[0, 1, 3], [-1, 2], [0, 1], [0, 0.1]]),
    lambda: Embedding([1, 2, 3, 4], 2),
    lambda: PiecewiseLinearEmbedding([[0, 1, 3], [-1, 2], [0, 1], [0, 0.1]], 3),
    lambda: PeriodicEmbedding(4, 3, 5, 0.5),
    lambda: PerMember(2, [Dense(2, 3), ReLU(), BatchNorm(3)]),
    lambda: Residual([Dense(4, 2), Dense(2, 4)]),
    lambda: MemberScaling(4, 3, [1, 3]),
    lambda: MemberScaling(4, 3),
    lambda: EnsembleDense(2, 3, 2, scaled_inputs=False),
    lambda: MemberDense(2, 3, 2),
    lambda: MemberMean(2, 2),
    lambda: SoftmaxMemberMean(2, 2),
    lambda: SigmoidMemberMean(2, 2),
    lambda: Conv2D((2, 2, 1), 3, 2, 1, "valid"),
    lambda: DepthwiseConv2D((2, 1, 2), 3, 2),
    lambda: MaxPool2D((2, 2, 1), 2, 1, "same"),
    lambda: AveragePool2D((2, 2, 1)),
    lambda: GlobalAveragePool2D((2, 1, 2)),
    lambda: BatchNorm2D((2, 1, 2), 0.3, 1e-3),
    lambda: ByColumns([([3, 0], [PiecewiseLinear(bins=[2, 1]), BatchNorm(3)]), ([1], [])]),
]


def network(dtype: Any = np.float32) -> Network:
    made = Network([Dense(3, 4), ReLU(), Dropout(0.2), Dense(4, 2)], rng=7, dtype=dtype)
    made.theta[:] = np.random.default_rng(8).normal(size=made.n_parameters)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound model file with a tensor of its caller's."""
    path = tmp_path / "model.safetensors"
    write_model(path, network(), {"name": "sound"}, {"mean": np.arange(3.0)})
    return path


def description(path: Path) -> dict[str, Any]:
    """The metadata, read by safetensors itself."""
    with safe_open(path, "np") as file:
        read: dict[str, Any] = json.loads(file.metadata()["plainnet"])
    return read


def change(
    path: Path,
    metadata: Callable[[dict[str, Any]], object] = lambda m: None,
    tensors: Callable[[dict[str, Array]], object] = lambda t: None,
) -> None:
    """Write the file again, soundly, with something changed in it."""
    held, text = load_file(path), description(path)
    metadata(text)
    tensors(held)
    path.write_bytes(save(held, metadata={"plainnet": json.dumps(text)}))


def refused(path: Path, why: str) -> None:
    with pytest.raises(ModelFileError, match=why) as caught:
        read_model(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith(("train again.", "has written."))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", LAYERS)
def test_every_layer_comes_back_bit_for_bit(
    tmp_path: Path, make: Callable[[], Layer], dtype: Any
) -> None:
    layer = make()
    before = Network([Dense(3, 4), layer, Dense(layer.n_out or 4, 2)], rng=1, dtype=dtype)
    write_model(tmp_path / "m", before, {}, {})
    after, _, rest = read_model(tmp_path / "m")
    assert repr(after) == repr(before)
    assert [layer.settings for layer in after.layers] == [layer.settings for layer in before.layers]
    assert after.dtype == before.dtype
    assert after.theta.tobytes() == before.theta.tobytes()
    assert [*after.state] == [*before.state]
    for name, value in before.state.items():
        assert after.state[name].tobytes() == value.tobytes()
    assert rest == {}
    X = np.random.default_rng(2).normal(size=(5, 3)).astype(dtype)
    assert after.forward(X).tobytes() == before.forward(X).tobytes()


def test_what_the_caller_adds_comes_back(tmp_path: Path) -> None:
    metadata = {"classes": ["狗", "кот", 'a "b"\n', "\0"], "n": 3, "deep": {"list": [1.5, None]}}
    tensors = {"mean": np.arange(6.0).reshape(2, 3).T, "count": np.array([1, 2])}
    write_model(tmp_path / "m", network(), metadata, tensors)
    _, read, rest = read_model(tmp_path / "m")
    assert {name: read[name] for name in metadata} == metadata
    assert rest.keys() == tensors.keys()
    assert all(np.array_equal(rest[name], tensors[name]) for name in tensors)


def test_a_name_that_is_no_utf8_comes_back(tmp_path: Path) -> None:
    write_model(tmp_path / "m", network(), {"classes": ["caf\udce9"]}, {})
    assert read_model(tmp_path / "m")[1]["classes"] == ["caf\udce9"]


def test_others_can_read_it_and_nothing_in_it_is_pickled(path: Path) -> None:
    tensors = load_file(path)
    assert sorted(tensors) == ["layers.0.W", "layers.0.b", "layers.3.W", "layers.3.b", "mean"]
    assert tensors["layers.0.W"].shape == (3, 4)
    assert description(path)["format"] == 1


def test_layers_inside_count_as_layers(tmp_path: Path) -> None:
    """So that a small file cannot ask for millions of them."""
    many = Network([ByColumns([([0], [ReLU() for _ in range(1000)])])])
    with pytest.raises(ModelFileError, match=r"1,000 layers, but the network has 1,001"):
        write_model(tmp_path / "m", many, {}, {})
    path = tmp_path / "n"
    write_model(path, Network([ByColumns([([0], [ReLU()])])]), {}, {})

    def blow_up(metadata: dict[str, Any]) -> None:
        metadata["layers"][0]["branches"][0][1] *= 1000

    change(path, blow_up)
    refused(path, "there are 1,001 layers, more than 1,000")


def test_bins_without_a_width_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write_model(path, Network([PiecewiseLinear([[0, 1, 2]])]), {}, {})
    change(path, tensors=lambda held: held["layers.0.bin_width"].fill(0))
    refused(path, "layers.0.bin_width holds bins without a width")


def test_layers_of_ones_own_cannot_be_written(tmp_path: Path) -> None:
    class Own(ReLU):
        pass

    class Dense(Layer):  # the name alone does not make it the library's
        pass

    for layer in (Own(), Dense()):
        with pytest.raises(ModelFileError, match=r"can hold Dense, ReLU.* has a (Own|Dense)\(\)"):
            write_model(tmp_path / "m", Network([layer]), {}, {})
    assert list(tmp_path.iterdir()) == []


def test_weights_that_could_not_be_read_are_not_written(path: Path) -> None:
    before, bad = path.read_bytes(), network()
    bad.theta[3] = np.inf
    with pytest.raises(ModelFileError, match="not finite; train it with a lower learning rate"):
        write_model(path, bad, {}, {})
    assert path.read_bytes() == before


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="could not be written"):
        write_model(tmp_path / "missing" / "m", network(), {}, {})


def test_cut_at_any_length_it_is_refused(path: Path) -> None:
    content = path.read_bytes()
    for length in [*range(0, len(content), 7), len(content) - 1]:
        path.write_bytes(content[:length])
        refused(path, "is no plainnet model file .* cut short")
    path.write_bytes(content + b"more")
    refused(path, "is no plainnet model file")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a text that is no model at all",
        b"\x93NUMPY and so on, and so on",
        (2**62).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        save({"a": np.zeros(3)}),
        save({"a": np.zeros(3)}, metadata={"format": "pt"}),
        save({}, metadata={"plainnet": "{not JSON"}),
        save({}, metadata={"plainnet": "[1]"}),
        save({}, metadata={"plainnet": "[" * 100_000}),
        save({}, metadata={"plainnet": "null"}),
    ],
)
def test_files_of_another_kind_are_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path, "is no plainnet model file .* of another kind")


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    refused(tmp_path / "missing", r"cannot be read \(No such file or directory\)")
    refused(tmp_path, r"cannot be read \(Is a directory\)")


@pytest.mark.parametrize("number", [2, 0, None, "1", [1]])
def test_another_format_is_refused(path: Path, number: object) -> None:
    change(path, lambda m: m.update(format=number))
    refused(path, "reads format 1; update plainnet")


def put(i: int, **settings: Any) -> Callable[[dict[str, Any]], object]:
    """Change layer i of the description."""
    return lambda m: m["layers"][i].update(settings)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda m: m.pop("layers"), "no list of layers"),
        (lambda m: m.update(layers={"a": 1}), "no list of layers"),
        (lambda m: m.update(layers="Dense"), "no list of layers"),
        (lambda m: m.update(layers=[]), "no layer has a place for layers.0.W"),
        (lambda m: m.update(layers=[1, 2]), "layer 0 is a None, which is none of Dense"),
        (lambda m: m["layers"].pop(0), r"layers\.2\.W is missing"),
        (lambda m: m["layers"].append({"type": "Dense", "n_in": 2, "n_out": 9}), "4.W is missing"),
        (lambda m: m.update(layers=[{"type": "ReLU"}]), "no layer has a place for layers.0.W"),
        (put(1, type="Conv"), "layer 1 is a 'Conv', which is none of Dense, ReLU"),
        (put(1, type=["ReLU"]), "which is none of"),
        (put(1, slope=1), "layer 1, ReLU, has the settings none, but slope are given"),
        (put(0, initializer="random"), "has the settings n_in, n_out"),
        (put(2, rng=3), "layer 2, Dropout, has the settings rate, but rate, rng are given"),
        (put(2, rate=7), "rate of Dropout.* but got 7"),
        (put(0, n_in=3.5), "whole number ≥ 1, but got 3.5"),
        (put(0, n_out="4"), "whole number ≥ 1, but got '4'"),
        (put(0, n_out=5), r"layers\.0\.W must be floats of \(3, 5\), not float32 \(3, 4\)"),
        (put(3, n_in=10**9, n_out=10**9), r"must be floats of \(1000000000, 1000000000\)"),
    ],
)
def test_layers_that_do_not_fit_are_refused(
    path: Path, damage: Callable[[dict[str, Any]], object], why: str
) -> None:
    change(path, damage)
    refused(path, rf"layers in .* do not fit its weights \(.*{why}")


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.full((3, 4), np.nan, np.float32), "not finite"),
        (np.full((3, 4), -np.inf, np.float32), "not finite"),
        (np.zeros((4, 3), np.float32), r"\(3, 4\), not float32 \(4, 3\)"),
        (np.zeros(12, np.float32), r"\(3, 4\), not float32 \(12,\)"),
        (np.zeros((3, 4), int), "floats .* not int64"),
        (np.zeros((3, 4), np.float16), "floats .* not float16"),
    ],
)
def test_weights_that_do_not_fit_are_refused(path: Path, array: Array, why: str) -> None:
    change(path, tensors=lambda t: t.update({"layers.0.W": array}))
    refused(path, rf"layers\.0\.W .*{why}")


def test_weights_that_are_missing_or_too_many_are_refused(path: Path) -> None:
    change(path, tensors=lambda t: t.pop("layers.3.b"))
    refused(path, r"layers\.3\.b is missing")
    change(path, tensors=lambda t: t.update({"layers.3.b": np.zeros(2), "layers.9.W": t["mean"]}))
    refused(path, r"no layer has a place for layers\.9\.W")


def test_sizes_that_are_only_claimed_cost_nothing(path: Path) -> None:
    change(path, put(0, n_in=10**6, n_out=10**6))
    tracemalloc.start()
    refused(path, "must be floats of")
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_the_tensors_are_those_that_safetensors_reads(path: Path) -> None:
    read, _, rest = read_model(path)
    theirs = load(path.read_bytes())
    for name, value in {**read.parameters, **rest}.items():
        assert np.array_equal(value, theirs[name])


# -- the header is not believed ------------------------------------------------------------------


def reheaded(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Write the file again with another header; its body stays as it is."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


def nothing_of(shape: list[int], header: dict[str, Any]) -> dict[str, Any]:
    """Describe a tensor of no bytes, behind all others."""
    ends = [parts["data_offsets"][1] for parts in header.values() if "data_offsets" in parts]
    return {"dtype": "F32", "shape": shape, "data_offsets": [max(ends)] * 2}


JUDGED = "deserializing header"
"""By safetensors."""


def entry(name: str, **parts: Any) -> Callable[[dict[str, Any]], object]:
    """Describe a tensor otherwise; the file's are layers.0.W, 0.b, 3.W, 3.b and mean."""
    return lambda header: header[name].update(parts)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (entry("mean", dtype="BF16", shape=[12]), "'mean' is of 'BF16', none of F16, F32, F64, U8"),
        (entry("mean", dtype={"F64": None}), "none of F16"),
        (lambda h: h.update(mean=[*h["mean"].values()]), "'mean' is not described by dtype, shape"),
        (lambda h: h["mean"].update(more=1), "not described by dtype, shape and data_offsets"),
        (entry("mean", shape=[1] * 70 + [3]), "maximum supported dimension"),
        (entry("mean", dtype=["F64"]), JUDGED),
        (entry("mean", dtype="F32"), JUDGED),
        (entry("mean", shape=[-3]), JUDGED),
        (entry("mean", shape=[3.0]), JUDGED),
        (entry("mean", shape=[True, 3]), JUDGED),
        (entry("mean", shape=[2**50]), JUDGED),
        (entry("mean", shape=[2**30, 2**30]), JUDGED),
        (entry("mean", shape=[2**64, 3]), JUDGED),
        (entry("mean", data_offsets=[-24, 0]), JUDGED),
        (entry("mean", data_offsets=[24]), JUDGED),
        (entry("mean", data_offsets=[24, 0]), JUDGED),
        (entry("mean", data_offsets=[2**39, 2**39 + 24]), JUDGED),
        (
            lambda h: h["layers.3.b"].update(data_offsets=h["layers.0.b"]["data_offsets"][:1] * 2),
            JUDGED,
        ),
        (lambda h: h["layers.0.b"].update(h["layers.0.W"]), JUDGED),
        (lambda h: h.update(more=nothing_of([0, 2**63], h)), "dimension"),
        (lambda h: h.pop("mean"), JUDGED),
        (lambda h: h.pop("layers.0.b"), JUDGED),
        (lambda h: h.update(more=[]), JUDGED),
        (lambda h: h.update(__metadata__=[]), JUDGED),
        (lambda h: h["__metadata__"].update(more=1), JUDGED),
        (lambda h: h.update(__metadata__=None), "file from another program"),
        (
            lambda h: h["__metadata__"].update(more="x"),
            "program has written 'more' into it",
        ),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_refused(
    path: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    reheaded(path, change)
    refused(path, f"is no plainnet model file .*{why}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[" * 51 + b"]" * 51, "more than 50 brackets deep"),
        (b'{"a":' * 51 + b"1" + b"}" * 51, "more than 50 brackets deep"),
        (b'{"a": 1, "b": 2, "a": 3}', "it says 'a' twice"),
        (b"[" + b"[]," * 900_000 + b"[]]", "has too many parts"),
        (b'{"\xff": 1}', "codec can't decode byte 0xff"),
        ('{"a": 1}'.encode("utf-16"), "codec can't decode byte 0xff"),
        (b"[]", JUDGED),
        (b"1e999", JUDGED),
        (b"9" * 5000, "Exceeds the limit"),
    ],
    ids=["lists", "objects", "twice", "many", "bytes", "utf-16", "list", "number", "digits"],
)
def test_json_of_all_kinds_is_refused(path: Path, text: bytes, why: str) -> None:
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    refused(path, f"is no plainnet model file .*{why}")


def test_brackets_in_strings_are_not_counted(path: Path) -> None:
    odd = '[{"' * 200 + "\\" * 3 + '"'
    write_model(path, network(), {"name": odd}, {})
    assert read_model(path)[1]["name"] == odd


def test_what_could_not_be_read_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "MAX_HEADER_BYTES", 20_000)
    monkeypatch.setattr(header, "MAX_JSON_BYTES", 100_000)
    before, deep = path.read_bytes(), json.loads("[" * 60 + "]" * 60)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"deep": deep}, "more than 50 brackets deep"),
        ({"name": "x" * 20_000}, "its description is too long"),
        ({"many": [0.5] * 2600}, "has too many parts"),
        ({"share": np.nan}, "a number that is not finite; use None"),
    ]
    for metadata, why in cases:
        with pytest.raises(FileError, match=f"was not written, because .*{why}"):
            write_model(path, network(), metadata, {})
    huge = network()
    huge.theta[5] = 1e19
    with pytest.raises(ModelFileError, match=r"layers\.0\.W holds values beyond 1e\+18"):
        write_model(path, huge, {}, {})
    with pytest.raises(ModelFileError, match="can hold 1,000 layers, but the network has 1,001"):
        write_model(path, Network([ReLU() for _ in range(1001)]), {}, {})
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_wherever_they_are(
    path: Path, value: float
) -> None:
    change(path, tensors=lambda t: t["mean"].__setitem__(1, value))
    refused(path, "mean holds values that are not finite")
    write_model(path, network(), {}, {})
    change(path, lambda m: m.update(deep=[{"a": value}]))
    refused(path, "its description holds a number that is not finite")


def test_weights_that_nothing_can_be_answered_with_are_refused(path: Path) -> None:
    change(path, tensors=lambda t: t["layers.0.W"].__setitem__((0, 0), -1e30))
    refused(path, r"layers\.0\.W holds values beyond 1e\+18")
    change(path, tensors=lambda t: t.update({"layers.0.W": np.zeros((3, 4))}))
    refused(path, "some of its numbers are float32 and some float64")


def test_too_many_layers_are_refused(path: Path) -> None:
    change(path, lambda m: m["layers"].extend([{"type": "ReLU"}] * 1000))
    refused(path, "there are 1,004 layers, more than 1,000")
