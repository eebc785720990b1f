"""How a backbone wants to be shown pictures, and what a small file beside it may say of that.

The file is `NAME.json` beside `NAME.onnx`, with any of the keys in `KEYS`, or the
`preprocessor_config.json` that Hugging Face's models come with, in the same folder or, where that
is called `onnx`, in the one above.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.errors import FileError, SettingError
from plainnet.files.schema import read
from plainnet.network.arrays import Array

LAYOUTS = ("NCHW", "NHWC")
COLOURS = ("RGB", "BGR")
POOLS = ("mean", "first")
KEYS: Mapping[str, str] = {
    "size": "pixels, such as 224 or [height, width]",
    "layout": " or ".join(LAYOUTS),
    "colours": " or ".join(COLOURS),
    "scale": "a number that levels from 0 to 255 are multiplied by, such as 0.00392156862745098",
    "mean": "a number, or one for each channel, taken off after that",
    "std": "a number above 0, or one for each channel, that this is divided by",
    "output": "the name of the output that holds the features",
    "pool": "mean or first",
}
"""What a file beside a backbone may say, and how."""
HUGGING_FACE = "preprocessor_config.json"
_THEIRS = {"image_mean", "image_std", "rescale_factor", "image_processor_type", "do_normalize"}


@dataclass(frozen=True)
class InputSpec:
    """What a backbone is shown of pictures, and which of its numbers are their features.

    inputs = (level · scale − mean) / std, of whole pictures stretched to one size; a backbone that
    takes bytes is shown the levels themselves.
    """

    size: tuple[int, int]
    """Height and width."""
    channels: int
    """3, or 1 for brightness only."""
    layout: str
    """`NCHW` or `NHWC`: where the channels stand in its input."""
    colours: str
    """`RGB` or `BGR`."""
    as_bytes: bool
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    output: str
    """Of several outputs the one that is taken."""
    pool: str
    """Of a map or of a row of tokens the `mean` is taken, or the `first` token."""
    maps: str
    """`NCHW` or `NHWC`: where the features stand in a map that it gives."""
    batch: int
    """Pictures that it is shown at once, at most."""

    def __post_init__(self) -> None:
        for side in self.size:
            check_whole("size of a backbone's pictures", side, 1)
        check_whole("batch of a backbone", self.batch, 1)
        check_number("scale of a backbone's inputs", self.scale, "(-inf, inf)")
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) != self.channels:
                raise SettingError(
                    f"The {name} of a backbone's inputs has to be one number for each of "
                    f"{self.channels} channels, but is {list(numbers)}."
                )
            for number in numbers:
                interval = "(0, inf)" if name == "std" else "(-inf, inf)"
                check_number(f"{name} of a backbone's inputs", number, interval)
        named = {
            "layout": LAYOUTS,
            "maps": LAYOUTS,
            "colours": COLOURS,
            "pool": POOLS,
            "channels": (1, 3),
        }
        for name, known in named.items():
            if getattr(self, name) not in known:
                raise SettingError(
                    f"The {name} of a backbone must be {' or '.join(map(str, known))}, but got "
                    f"{getattr(self, name)!r}."
                )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one picture: (height, width, channels)."""
        return *self.size, self.channels

    @property
    def average(self) -> Array:
        """The level of each channel that is shown as 0, or mid-grey: uint8 `(channels,)`."""
        levels = np.array(self.mean) / self.scale if self.scale and not self.as_bytes else 127.5
        levels = levels * np.ones(self.channels)
        levels = levels[::-1] if self.colours == "BGR" else levels
        rounded: Array = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        return rounded

    def __call__(self, pictures: Array) -> Array:
        """The backbone's inputs of pictures uint8 `(n, height, width, channels)`."""
        X = pictures[..., ::-1] if self.colours == "BGR" else pictures
        if not self.as_bytes:
            X = X * np.float32(self.scale)
            X -= np.array(self.mean, np.float32)
            X /= np.array(self.std, np.float32)  # (level · scale − mean) / std
        return np.ascontiguousarray(X.transpose(0, 3, 1, 2) if self.layout == "NCHW" else X)

    def pooled(self, Y: Array) -> Array:
        """Features `(n, d)`, float32, of the backbone's output.

        That is features already, or maps of them, averaged over all places, or the features of
        tokens `(n, tokens, d)`, of which the mean or the first is taken.
        """
        if Y.ndim == 4:
            Y = Y.mean(axis=(2, 3) if self.maps == "NCHW" else (1, 2), dtype=np.float32)
        elif Y.ndim == 3:
            Y = Y.mean(axis=1, dtype=np.float32) if self.pool == "mean" else Y[:, 0]
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which is refused
            return np.ascontiguousarray(Y, np.float32)

    def told(self) -> str:
        """A line for people: `224 × 224 pixels, RGB, (level / 255 − mean) / std`."""
        height, width = self.size
        colours = self.colours if self.channels == 3 else "grey"
        inputs = "as bytes"
        if not self.as_bytes:
            factor = 1 / self.scale if self.scale else math.inf
            whole = abs(factor - round(factor)) < 1e-6 if math.isfinite(factor) else False
            scaled = f"level / {round(factor)}" if whole else f"level · {self.scale:g}"
            scaled = "level" if self.scale == 1 else scaled
            mean, std = (" ".join(f"{x:g}" for x in part) for part in (self.mean, self.std))
            inputs = f"({scaled} − [{mean}]) / [{std}]"
        return f"{height} × {width} pixels, {colours}, {inputs}"

    def describe(self) -> dict[str, Any]:
        """What a model file says of it."""
        return asdict(self)

    @classmethod
    def restore(cls, description: Mapping[str, Any]) -> Self:
        """From what a model file holds.

        Raises:
            SettingError, TypeError, ValueError: it is none.
        """
        spec: Self = read(cls, description, "backbone")
        return spec


def read_config(backbone: Path) -> tuple[dict[str, Any], Path | None]:
    """What the file beside a backbone says, by the names in `KEYS`, and the file; ({}, None).

    Raises:
        FileError: it cannot be read.
        SettingError: it says what is not understood.
    """
    above = [backbone.parent.parent] if backbone.parent.name == "onnx" else []
    theirs = [folder / HUGGING_FACE for folder in (backbone.parent, *above)]
    for path in (backbone.with_suffix(".json"), *theirs):
        if path.is_file():
            said = _json(path)
            return _their_wishes(said, path) if _THEIRS & {*said} else _our_wishes(said, path), path
    return {}, None


def _json(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(
            f"{path}, which says how the backbone beside it wants pictures, cannot be read "
            f"({error}); mend it, or move it away."
        ) from error
    if not isinstance(said, dict):
        raise SettingError(f"{path} must hold one JSON object with any of {', '.join(KEYS)}.")
    return said


def _our_wishes(said: dict[str, Any], path: Path) -> dict[str, Any]:
    if unknown := sorted({*said} - {*KEYS}):
        close = get_close_matches(unknown[0], KEYS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(KEYS)}."
        raise SettingError(f"{path} says {unknown[0]!r}, which is not understood; {hint}")
    return {name: _checked(name, value, path) for name, value in said.items()}


def _their_wishes(said: dict[str, Any], path: Path) -> dict[str, Any]:
    """Of a Hugging Face image processor; what it says beside that (resampling, …) is left out."""
    ours: Sequence[str] = ("layout", "colours", "output", "pool")
    wishes: dict[str, Any] = {name: said[name] for name in ours if name in said}
    cropped = said.get("do_center_crop", False) and "crop_size" in said
    size = said.get("crop_size") if cropped else said.get("size")
    if isinstance(size, dict):
        sides = [size.get(side, size.get("shortest_edge")) for side in ("height", "width")]
        size = None if None in sides else sides
    if size is not None:
        wishes["size"] = size
    wishes["scale"] = said.get("rescale_factor", 1 / 255) if said.get("do_rescale", True) else 1
    for name, theirs, none in (("mean", "image_mean", 0), ("std", "image_std", 1)):
        if not said.get("do_normalize", True):
            wishes[name] = none
        elif theirs in said:
            wishes[name] = said[theirs]
    if said.get("do_flip_channel_order"):
        wishes["colours"] = "BGR"
    return {name: _checked(name, value, path) for name, value in wishes.items()}


def _checked(name: str, value: Any, path: Path) -> Any:
    """A value as `InputSpec` takes it: sizes and numbers as tuples, or one number for all."""
    several = isinstance(value, list) and bool(value)
    parts = value if several else [value]
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in parts)
    sound = {
        "size": numbers
        and all(x == int(x) and x > 0 for x in parts if math.isfinite(x))
        and len(parts) <= 2,
        "scale": numbers and not several,
        "mean": numbers,
        "std": numbers and all(x > 0 for x in parts),
        "layout": value in LAYOUTS,
        "colours": value in COLOURS,
        "pool": value in POOLS,
        "output": isinstance(value, str),
    }[name]
    if not sound or (numbers and not all(map(math.isfinite, parts))):
        raise SettingError(f"{path} says {name} = {value!r}; expected {KEYS[name]}.")
    if name == "size":
        return tuple(map(int, parts * 2))[:2] if len(parts) == 1 else tuple(map(int, parts))
    return tuple(map(float, value)) if several else value
