"""Hostile files: each either answers with finite probabilities or is refused in a sentence.

Never another exception, never more memory than the file's own size and a constant. The mutated
sound files are read in a process of their own, which may take 64 MiB more than it has: see
`fuzzing.py`, which reads as many more as one likes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fuzzing
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainnet.errors import ModelFileError
from plainnet.models import Classifier

TESTS = Path(__file__).parent
MiB = 1 << 20
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")


@linux
@pytest.mark.parametrize(
    ("kind", "n"), [("model", 8500), ("checkpoint", 600), ("weights", 1500), ("tables", 3000)]
)
def test_changed_files_answer_or_are_refused(kind: str, n: int) -> None:
    command = [sys.executable, "-W", "error", str(TESTS / "fuzzing.py"), kind, str(n), "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    shown = json.loads(done.stdout)
    answered = shown.get("answers", 0) + shown.get("goes on", 0)
    assert answered + shown["refused"] == n
    assert answered > n / 20  # the changes are not all so coarse that nothing is looked at
    assert shown["refused"] > n / 2


# -- files of any content ------------------------------------------------------------------------

NAMES = st.text(max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "F64", "I64", "F16", "BF16", "x"]),
        "shape": st.lists(st.integers(-1, 9), max_size=3),
        "data_offsets": st.lists(st.integers(-4, 64), min_size=1, max_size=3),
    }
)
HEADERS = st.dictionaries(
    st.sampled_from(["layers.0.W", "layers.0.b", "preprocessing.mean", "preprocessing.scale"]),
    ENTRIES | JSON,
    max_size=4,
)
quickly = settings(max_examples=300, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the file that is written again and again."""
    return tmp_path_factory.mktemp("hostile") / "file"


@quickly
@given(content=st.binary(max_size=200))
def test_any_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert fuzzing.read_model(path) == "refused"


@quickly
@given(header=HEADERS, facts=JSON, body=st.binary(max_size=64))
def test_any_header(path: Path, header: dict[str, object], facts: object, body: bytes) -> None:
    texts = {"plainnet": json.dumps(facts)}
    path.write_bytes(fuzzing.joined({"__metadata__": texts, **header}, body))
    assert fuzzing.read_model(path) == "refused"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A sound model file."""
    return next(iter(fuzzing.sound_files(tmp_path_factory.mktemp("sound"))))


PARTS = [
    "more",
    "earlier",
    "layers",
    "recipe",
    "preprocessing",
    "classes",
    "quality",
    "temperature",
]
PARTS += ["threshold", "training", "outputs", "versions"]


@quickly
@given(key=st.sampled_from(PARTS), value=JSON)
def test_any_part(path: Path, sound: bytes, key: str, value: object) -> None:
    header, body = fuzzing.parts_of(sound)
    facts = json.loads(header["__metadata__"]["plainnet"])
    header["__metadata__"]["plainnet"] = json.dumps({**facts, key: value})
    path.write_bytes(fuzzing.joined(header, body))
    fuzzing.read_model(path)


# -- memory --------------------------------------------------------------------------------------

MEASURE = """
import re, sys
from pathlib import Path
import numpy as np
import plainnet.pictures
from plainnet.models import Classifier
from plainnet.errors import ModelFileError
path = Path(sys.argv[1])
def most():  # not ru_maxrss, which begins with that of the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
before = most()
try:
    Classifier.load(path)
    print("loaded", end=" ")
except ModelFileError:
    print("refused", end=" ")
print(most() - before)
"""


def memory_for(path: Path) -> tuple[str, int]:
    """What became of reading it in a new process, and how many bytes that process took more."""
    command = [sys.executable, "-c", MEASURE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    outcome, taken = done.stdout.split()
    return outcome, int(taken)


NOTHING = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}


def said(text: str) -> bytes:
    return fuzzing.joined({"__metadata__": {"plainnet": text}}, b"")


@linux
@pytest.mark.parametrize(
    "make",
    [
        lambda: fuzzing.joined(b"[" * (32 * MiB), b""),
        lambda: fuzzing.joined(b"9" * (32 * MiB), b""),
        lambda: fuzzing.joined(b'["",' + b'"",' * 1_300_000 + b'""]', b""),
        lambda: fuzzing.joined({str(i): NOTHING for i in range(90_000)}, b""),
        lambda: said("[" + "{}," * 700_000 + "{}]"),
        lambda: said(json.dumps({"format": 1, "layers": [{"type": "ReLU"}] * 250_000})),
        lambda: (2**62).to_bytes(8, "little") + b"{}",
    ],
    ids=["deep", "digits", "strings", "tensors", "objects", "layers", "length"],
)
def test_a_hostile_description_takes_a_bounded_amount(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    (tmp_path / "m").write_bytes(content := make())
    outcome, taken = memory_for(tmp_path / "m")
    assert outcome == "refused"
    assert taken < len(content) + 256 * MiB


@linux
def test_a_file_of_holes_is_not_believed(tmp_path: Path) -> None:
    """A terabyte that the disk does not hold, described as one tensor that nothing needs."""
    entry = {"dtype": "F32", "shape": [2**19, 2**19], "data_offsets": [0, 2**40]}
    text = json.dumps(
        {"__metadata__": {"plainnet": '{"format": 1, "layers": []}'}, "layers.0.W": entry}
    )
    with (tmp_path / "m").open("wb") as file:
        file.write(fuzzing.joined(text.encode(), b""))
        file.truncate(file.tell() + 2**40)
    outcome, taken = memory_for(tmp_path / "m")
    assert outcome == "refused"
    assert taken < 32 * MiB


@linux
@pytest.mark.parametrize("ensemble", [1, 3])
def test_a_sound_model_is_held_once_and_an_ensemble_at_most_twice(
    tmp_path: Path, ensemble: int
) -> None:
    X, y = np.zeros((8, 2000), np.float32), np.arange(8) % 2
    X[np.arange(8), np.arange(8)] = 1
    settings: dict[str, Any] = {"hidden": (1500,), "epochs": 1, "ensemble": ensemble}
    Classifier(**settings, validation_share=0).fit(X, y).save(tmp_path / "m")
    size = (tmp_path / "m").stat().st_size
    outcome, taken = memory_for(tmp_path / "m")
    assert outcome == "loaded"
    assert taken < size * (2 if ensemble > 1 else 1) + 10 * MiB


def test_an_ensemble_that_is_only_claimed_costs_nothing(tmp_path: Path, sound: bytes) -> None:
    header, body = fuzzing.parts_of(sound)
    facts = json.loads(header["__metadata__"]["plainnet"])
    facts["earlier"] = [1.0] * 10**6
    header["__metadata__"]["plainnet"] = json.dumps(facts)
    (tmp_path / "m").write_bytes(fuzzing.joined(header, body))
    with pytest.raises(ModelFileError, match=r"describes 1000000 networks, but holds 0"):
        Classifier.load(tmp_path / "m")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="it is not a regular file"):
        Classifier.load(tmp_path / "pipe")
