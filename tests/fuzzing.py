"""Hostile files: sound ones with something changed in them, and what has to come of reading them.

Run as a program it reads many of them under a limit of memory, and says how it went:

    python tests/fuzzing.py model 100000 7
"""

import copy
import json
import math
import os
import random
import struct
import sys
import tempfile
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import DataError, DivergedError, ModelFileError
from plainnet.export import read_weights, write_weights
from plainnet.files import model_file
from plainnet.models import Checkpoint, Classifier
from plainnet.network import (
    Array,
    BatchNorm,
    ByColumns,
    Dense,
    Embedding,
    Layer,
    LayerNorm,
    MemberDense,
    MemberScaling,
    Network,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    ReLU,
    Residual,
    SoftmaxMemberMean,
)
from plainnet.training import compiled

SPARE = 64 << 20
"""Bytes that reading one of these files may take, beside what the process has before."""

RNG = np.random.default_rng(0)
FEATURES: Array = RNG.normal(size=(24, 3)).astype(np.float32)
PICTURES: Array = RNG.integers(0, 256, (24, 4, 4, 3), np.uint8)
LABELS = np.array(["狗", "cat", 'a "b"'])[np.arange(24) % 3]
SETTINGS: dict[str, Any] = {"hidden": (4,), "epochs": 2, "batch_size": 8, "ensemble": 1}
ABSURD: list[Any] = [
    *(-1, 0, 1, 2, 3, 7, 2**31, 2**32, 2**53, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e308),
    *(float("nan"), float("inf"), 5e-324, None, True, False, "", "a", "F16", "BF16", "\ud800"),
    *([], {}, [[]], [1, 2], {"a": 1}, [None], [float("nan")], "x" * 1000, [0] * 1000),
]


def sound_files(folder: Path) -> Iterator[bytes]:
    """Model files of each kind."""
    makers = [
        Classifier(**SETTINGS).fit(FEATURES, LABELS),
        Classifier(**SETTINGS, normalization="batch").fit(PICTURES, LABELS),
        Classifier(**{**SETTINGS, "ensemble": 2}, validation_share=0).fit(
            FEATURES, FEATURES[:, 0] > 0
        ),
        Classifier(**SETTINGS, normalization="layer", size=3, grey=True).fit(
            PICTURES[..., :1], LABELS
        ),
    ]
    for maker in makers:
        maker.quality = {"test": {"n": 3, "accuracy": 0.5, "confusion": [[1, 2], [0, 0]]}}
        maker.save(folder / "sound")
        yield (folder / "sound").read_bytes()


def sound_checkpoints(folder: Path) -> Iterator[bytes]:
    """Checkpoints of each kind of `TRAININGS`."""
    for settings in TRAININGS:
        checkpoint = Checkpoint(folder / "sound")
        stream = Classifier(**settings).fit_epochs(FEATURES, LABELS, checkpoint=checkpoint)
        for _ in range(settings.get("ensemble", 1) * 2 - 1):
            next(stream)
        checkpoint.write()
        stream.close()
        yield (folder / "sound").read_bytes()


TRAININGS: list[dict[str, Any]] = [
    SETTINGS,
    {**SETTINGS, "normalization": "batch", "averaging": 0.9, "patience": 1},
    {**SETTINGS, "ensemble": 2, "optimizer": "momentum", "dropout": 0.0},
]


# -- changes -------------------------------------------------------------------------------------


def parts_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the body of a sound file."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header: Any, body: bytes) -> bytes:
    """A file of both."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def flipped(draw: random.Random, content: bytes) -> bytes:
    """Some bits the other way round."""
    held = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 5, 50))):
        held[draw.randrange(len(held))] ^= 1 << draw.randrange(8)
    return bytes(held)


def flipped_body(draw: random.Random, content: bytes) -> bytes:
    """Some bits of the numbers the other way round."""
    header, body = parts_of(content)
    return joined(header, flipped(draw, body))


def cut(draw: random.Random, content: bytes) -> bytes:
    """Cut short, or with a piece taken out, doubled or put in."""
    a, b = sorted(draw.randrange(len(content) + 1) for _ in range(2))
    more = draw.randbytes(draw.choice((1, 8, 100)))
    pieces = [content[:a], content[a:], content[:a] + content[b:], content[:b] + content[a:]]
    pieces += [content[:a] + more + content[at:] for at in (a, a + len(more))]
    return draw.choice(pieces)


def another_length(draw: random.Random, content: bytes) -> bytes:
    """The first eight bytes say something else."""
    length = int.from_bytes(content[:8], "little")
    near = length + draw.randrange(-20, 20)
    said = draw.choice((near, 0, 1, 2, len(content), 2**31, 2**63, 2**64 - 1, draw.getrandbits(64)))
    return struct.pack("<Q", said % 2**64) + content[8:]


def places_in(held: Any) -> list[tuple[Any, Any]]:
    """Every place in what JSON says: its container, and its key or number there."""
    items = held.items() if isinstance(held, dict) else enumerate(held)
    found = []
    for key, value in [*items] if isinstance(held, dict | list) else []:
        found.append((held, key))
        if isinstance(value, dict | list):
            found += places_in(value)
    return found


def edited(draw: random.Random, held: Any) -> None:
    """Change something in what JSON says: another value, a part less, a part more."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        places = places_in(held)
        if not places:
            return
        container, key = draw.choice(places)
        what = draw.randrange(6)
        if what == 0:
            del container[key]
        elif what == 1 and isinstance(container, dict):
            container[draw.choice(("more", key.upper(), key + "x", ""))] = container[key]
        elif what == 2 and isinstance(container, list):
            container.append(copy.deepcopy(draw.choice(ABSURD)))
        elif what == 3 and type(container[key]) in (int, float):
            container[key] += draw.choice((-1, 1, 4, 2**40))
        elif what == 4:
            other, place = draw.choice(places)
            container[key] = json.loads(json.dumps(other[place]))
        else:
            container[key] = copy.deepcopy(draw.choice(ABSURD))


def edited_header(draw: random.Random, content: bytes) -> bytes:
    """The tensors are described in another way."""
    header, body = parts_of(content)
    texts = header.pop("__metadata__")
    edited(draw, header)
    return joined({"__metadata__": texts, **header}, body)


def edited_facts(draw: random.Random, content: bytes) -> bytes:
    """The JSON text says something else."""
    header, body = parts_of(content)
    facts = json.loads(header["__metadata__"]["plainnet"])
    edited(draw, facts)
    header["__metadata__"]["plainnet"] = json.dumps(facts)
    return joined(header, body)


def edited_texts(draw: random.Random, content: bytes) -> bytes:
    """The JSON text, or what stands beside it, is another text."""
    header, body = parts_of(content)
    text = header["__metadata__"]["plainnet"]
    start = draw.randrange(len(text))
    header["__metadata__"] = draw.choice(
        (
            {"plainnet": text[:start]},
            {"plainnet": text[:start] + draw.choice('"[]{}:,\\0\ud800e') + text[start + 1 :]},
            {"plainnet": text, "format": "pt"},
            {"plainnet": draw.choice(("[" * 10**5, '{"a":' * 10**5, "[" * 50 + "]" * 50, ""))},
            {"plainnet": text[:1] + text[1:-1] + "," + text[1:]},  # everything is said twice
            {"plainnet": draw.choice(ABSURD)},
            draw.choice(ABSURD),
        )
    )
    return joined(header, body)


def moved(draw: random.Random, content: bytes) -> bytes:
    """Tensors lie elsewhere: one upon another, with gaps, beyond the end, before the beginning."""
    header, body = parts_of(content)
    names = [name for name in header if name != "__metadata__"]
    one, other = (header[draw.choice(names)] for _ in range(2))
    what = draw.randrange(6)
    if what == 0:
        one["data_offsets"] = other["data_offsets"]
    elif what == 1:
        one["data_offsets"], other["data_offsets"] = other["data_offsets"], one["data_offsets"]
    elif what == 2:
        by = draw.choice((-len(body), -8, -4, 4, 8, len(body), 2**40, 2**63))
        one["data_offsets"] = [n + by for n in one["data_offsets"]]
    elif what == 3:
        one["shape"] = draw.choice(
            ([-1, -2], [2**40, 2**40], [0], [], [10**12], one["shape"][::-1], [1] * 70)
        )
    elif what == 4:
        one["dtype"] = draw.choice(
            ("F16", "BF16", "F64", "I64", "BOOL", "f32", "", "U8", "F8_E4M3")
        )
    else:
        name = draw.choice(names)
        header[draw.choice(("more", name + "x", "members.9.theta", "layers.0.b2"))] = header[name]
        if draw.random() < 0.5:
            del header[name]
    return joined(header, body)


def retyped(draw: random.Random, content: bytes) -> bytes:
    """A tensor holds other numbers, in a file that is sound otherwise."""
    header, body = parts_of(content)
    names = [name for name in header if name != "__metadata__"]
    entry = header[draw.choice(names)]
    start, stop = entry["data_offsets"]
    size = {"F64": 8, "I64": 8}.get(entry["dtype"], 4)
    kind = {4: "<f", 8: "<d"}[size]
    values = (float("nan"), float("inf"), -1.0, 0.0, 3e38, -1e30, 1e-45, 1e17)
    new = [struct.pack(kind, draw.choice(values)) for _ in range((stop - start) // size)]
    if draw.random() < 0.7 and new:  # one of them only
        at = start + size * draw.randrange(len(new))
        return joined(header, body[:at] + new[0] + body[at + size :])
    return joined(header, body[:start] + b"".join(new) + body[stop:])


def raw_header(draw: random.Random, content: bytes) -> bytes:
    """The header's own JSON is odd: deep, twice the same, not UTF-8, UTF-16, long."""
    length = int.from_bytes(content[:8], "little")
    text, body = content[8 : 8 + length], content[8 + length :]
    start = draw.randrange(length)
    odd = draw.choice(
        (
            b"[" * draw.choice((49, 51, 1000, 10**5)),
            b'{"a":' * draw.choice((49, 51, 1000, 10**5)),
            text.rstrip()[:-1] + b"," + text[1:],
            text[:start] + draw.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\0")) + text[start:],
            text.decode().encode("utf-16"),
            text.decode().encode("utf-32-le"),
            b"\xef\xbb\xbf" + text,
            text + b" " * draw.choice((1, 1000, 10**5)),
            b"[" + b"[]," * draw.choice((10, 10**5)) + b"[]]",
            b'{"a":' + b"9" * draw.choice((10, 5000, 10**5)) + b"}",
            b'{"a":1e' + b"9" * draw.choice((3, 10, 10**5)) + b"}",
            *(b"null", b"{}", b"[]", b'"', b"1", b"", b"NaN", b"-"),
        )
    )
    return joined(odd, body)


OF_ANY: list[Callable[[random.Random, bytes], bytes]] = [
    *(flipped, flipped_body, cut, another_length, edited_header, moved, retyped, raw_header)
]
CHANGES = [*OF_ANY, edited_facts, edited_facts, edited_facts, edited_texts]


# -- what has to come of it ----------------------------------------------------------------------


def read_model(path: Path) -> str:
    """It answers with finite probabilities, or is refused."""
    try:
        classifier = Classifier.load(path)
    except ModelFileError:
        return "refused"
    made = classifier.preprocessing
    if made.is_pictures:
        raw: Array = RNG.integers(0, 256, (3, *made.shape), np.uint8)
    else:
        raw = made.mean + RNG.uniform(-1, 1, (3, *made.shape)).astype(np.float32) * made.scale
    P = classifier.predict_proba(raw)
    if P.shape != (3, len(classifier.classes)) or not np.allclose(P.sum(axis=1), 1, atol=1e-4):
        raise AssertionError(f"it answers {P}")
    return "answers"


def read_checkpoint(path: Path) -> str:
    """The training goes on for an epoch, or is refused."""
    outcomes = set()
    for settings in TRAININGS:
        try:
            checkpoint = Checkpoint(path, resume=True)
            stream = Classifier(**settings).fit_epochs(FEATURES, LABELS, checkpoint=checkpoint)
            outcomes.add("goes on")
            with suppress(DivergedError):  # as it may with numbers that were changed
                next(stream, None)
            stream.close()
        except ModelFileError:
            outcomes.add("refused")
        except DataError as error:
            if "were changed" not in str(error) and "have changed" not in str(error):
                raise
            outcomes.add("another")
    return "goes on" if "goes on" in outcomes else "refused"


def sound_weights(folder: Path) -> Iterator[bytes]:
    """Weights for `NETWORKS`."""
    for network in NETWORKS:
        write_weights(folder / "sound", network)
        yield (folder / "sound").read_bytes()


def read_them(path: Path) -> str:
    """A network has the weights and answers, or they are refused and it has those it had."""
    outcomes = set()
    for network in NETWORKS:
        before = network.theta.copy(), {name: held.copy() for name, held in network.state.items()}
        try:
            read_weights(path, network)
            outcomes.add("answers")
            if not np.isfinite(network.theta).all():
                raise AssertionError("it has weights that are not finite")
        except ModelFileError:
            if not np.array_equal(before[0], network.theta):
                raise AssertionError("what was refused has changed the network") from None
        network.theta = before[0]
        for name, held in network.state.items():
            held[...] = before[1][name]
    return "answers" if outcomes else "refused"


NETWORKS = [
    Network([Dense(3, 4), BatchNorm(4), ReLU(), Dense(4, 2)]),
    Network([Dense(3, 3), LayerNorm(3), Dense(3, 1)], dtype=np.float64),
]

EDGES: list[list[float]] = [[-1, 0, 1], [0, 2]]
TABLES: list[list[Layer]] = [
    [
        ByColumns([([0, 1], [PiecewiseLinear(EDGES), Dense(3, 2)]), ([2], [Embedding([3], 2)])]),
        Residual([Dense(4, 4), ReLU()]),
    ],
    [
        PiecewiseLinearEmbedding(EDGES, 2),
        MemberScaling(4, 2, [2, 2]),
        PerMember(2, [Dense(4, 3), ReLU()]),
        MemberDense(3, 2, 2),
        SoftmaxMemberMean(2, 2),
    ],
]


def sound_tables(folder: Path) -> Iterator[bytes]:
    """Model files of networks for tables: layers inside of others, and ensembles."""
    for i, layers in enumerate(TABLES):
        model_file.write_model(folder / "sound", Network(layers, rng=i), {}, {})
        yield (folder / "sound").read_bytes()


def read_table_network(path: Path) -> str:
    """The network answers, or is refused."""
    try:
        network, *_ = model_file.read_model(path)
    except ModelFileError:
        return "refused"
    if network.n_in is None or network.n_in > 1000:  # of which nobody has samples
        return "answers"
    with np.errstate(over="ignore", invalid="ignore"):  # with weights of any size
        Z = network.predict(RNG.normal(size=(3, network.n_in)))
    if Z.shape != (3, network.n_out or network.n_in):
        raise AssertionError(f"it answers {Z}")
    return "answers"


KINDS: dict[str, tuple[Callable[[Path], Any], Callable[[Path], str]]] = {
    "model": (sound_files, read_model),
    "checkpoint": (sound_checkpoints, read_checkpoint),
    "weights": (sound_weights, read_them),
    "tables": (sound_tables, read_table_network),
}


def limit_memory() -> None:
    """From here on the process may take `SPARE` more, and no more."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + SPARE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main(kind: str, how_many: str, seed: str) -> None:
    """Read so many files; the first that does anything else ends it with its traceback."""
    files, read = KINDS[kind]
    draw, shown = random.Random(int(seed)), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        sound = [*files(Path(folder))]
        for content in sound:
            path.write_bytes(content)
            if read(path) == "refused":
                raise AssertionError("a sound file was refused")
        compiled.WORK_BEFORE_COMPILING = math.inf  # a compiler in little memory ends the process
        limit_memory()
        for _ in range(int(how_many)):
            change = draw.choice(CHANGES if kind != "weights" else OF_ANY)
            content = change(draw, draw.choice(sound))
            path.write_bytes(content)
            try:
                shown[read(path)] += 1
            except BaseException:
                print(f"{change.__name__} made {b64encode(content).decode()}", file=sys.stderr)
                raise
    print(json.dumps(shown))


if __name__ == "__main__":
    main(*sys.argv[1:])
