"""The input of a backbone, and the settings file beside it.

The file is `NAME.json` beside `NAME.onnx`, with any of the keys in `KEYS`, or the
`preprocessor_config.json` of a Hugging Face model, in the same folder or, if that is called
`onnx`, in the folder above.
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
    "mean": "a number, or one for each channel, subtracted after that",
    "std": "a number above 0, or one for each channel, to divide by after that",
    "output": "the name of the output that holds the features",
    "pool": "mean or first",
}
"""The keys of a settings file, with their values in words."""
HUGGING_FACE = "preprocessor_config.json"
_HUGGING_FACE_KEYS = {
    "image_mean",
    "image_std",
    "rescale_factor",
    "image_processor_type",
    "do_normalize",
}


@dataclass(frozen=True)
class InputSpec:
    """The input of a backbone, and the output that holds the features.

    inputs = (level · scale − mean) / std, of whole pictures stretched to one size; a backbone that
    takes bytes gets the levels themselves.
    """

    size: tuple[int, int]
    """Height and width of the input."""
    channels: int
    """The number of channels: 3, or 1 for brightness."""
    layout: str
    """The order of the input's dimensions: `NCHW` or `NHWC`."""
    colours: str
    """The order of the channels: `RGB` or `BGR`."""
    as_bytes: bool
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    output: str
    """The name of the output with the features."""
    pool: str
    """The pooling of maps or tokens: `mean`, or the `first` token."""
    maps: str
    """The order of the dimensions of an output map: `NCHW` or `NHWC`."""
    batch: int
    """The largest number of pictures in a batch."""

    def __post_init__(self) -> None:
        for side in self.size:
            check_whole("size of a backbone's pictures", side, 1)
        check_whole("batch of a backbone", self.batch, 1)
        check_number("scale of a backbone's inputs", self.scale, "(-inf, inf)")
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) != self.channels:
                raise SettingError(
                    f"The {name} of a backbone's inputs must be one number for each of "
                    f"{self.channels} channels, but got {list(numbers)}."
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
        """The shape of one picture: (height, width, channels)."""
        return *self.size, self.channels

    @property
    def average(self) -> Array:
        """The level of each channel that becomes 0, or mid-grey: uint8 `(channels,)`."""
        levels = np.array(self.mean) / self.scale if self.scale and not self.as_bytes else 127.5
        levels = levels * np.ones(self.channels)
        levels = levels[::-1] if self.colours == "BGR" else levels
        rounded: Array = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        return rounded

    def __call__(self, pictures: Array) -> Array:
        """Return the backbone's inputs for pictures uint8 `(n, height, width, channels)`."""
        X = pictures[..., ::-1] if self.colours == "BGR" else pictures
        if not self.as_bytes:
            X = X * np.float32(self.scale)
            X -= np.array(self.mean, np.float32)
            X /= np.array(self.std, np.float32)  # (level · scale − mean) / std
        return np.ascontiguousarray(X.transpose(0, 3, 1, 2) if self.layout == "NCHW" else X)

    def pooled(self, Y: Array) -> Array:
        """Return features float32 `(n, d)` of the backbone's output.

        The output is features, or maps, which are averaged over all positions, or tokens
        `(n, tokens, d)`, reduced to their mean or to the first.
        """
        if Y.ndim == 4:
            Y = Y.mean(axis=(2, 3) if self.maps == "NCHW" else (1, 2), dtype=np.float32)
        elif Y.ndim == 3:
            Y = Y.mean(axis=1, dtype=np.float32) if self.pool == "mean" else Y[:, 0]
        with np.errstate(over="ignore"):  # overflow becomes infinite, which is refused
            return np.ascontiguousarray(Y, np.float32)

    def summary(self) -> str:
        """Return a line for people: `224 × 224 pixels, RGB, (level / 255 − mean) / std`."""
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
        """Return the input as JSON values."""
        return asdict(self)

    @classmethod
    def restore(cls, description: Mapping[str, Any]) -> Self:
        """Return the input that a model file describes.

        Raises:
            SettingError, TypeError, ValueError: the description is malformed.
        """
        spec: Self = read(cls, description, "backbone")
        return spec


def read_config(backbone: Path) -> tuple[dict[str, Any], Path | None]:
    """Read the settings beside a backbone; return them by `KEYS` with the file, or ({}, None).

    Raises:
        FileError: the file cannot be read.
        SettingError: the file has an unknown key or an invalid value.
    """
    above = [backbone.parent.parent] if backbone.parent.name == "onnx" else []
    theirs = [folder / HUGGING_FACE for folder in (backbone.parent, *above)]
    for path in (backbone.with_suffix(".json"), *theirs):
        if path.is_file():
            given = _json(path)
            read = _hugging_face if _HUGGING_FACE_KEYS & {*given} else _plain
            return read(given, path), path
    return {}, None


def _json(path: Path) -> dict[str, Any]:
    try:
        given = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(
            f"{path}, the settings of the backbone beside it, cannot be read ({error}); correct "
            "it, or move it away."
        ) from error
    if not isinstance(given, dict):
        raise SettingError(f"{path} must hold one JSON object with any of {', '.join(KEYS)}.")
    return given


def _plain(given: dict[str, Any], path: Path) -> dict[str, Any]:
    if unknown := sorted({*given} - {*KEYS}):
        close = get_close_matches(unknown[0], KEYS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the keys are {', '.join(KEYS)}."
        raise SettingError(f"{path} has the unknown key {unknown[0]!r}; {hint}")
    return {name: _checked(name, value, path) for name, value in given.items()}


def _hugging_face(given: dict[str, Any], path: Path) -> dict[str, Any]:
    """Read the settings of a Hugging Face image processor; others (resampling, …) are ignored."""
    ours: Sequence[str] = ("layout", "colours", "output", "pool")
    config: dict[str, Any] = {name: given[name] for name in ours if name in given}
    cropped = given.get("do_center_crop", False) and "crop_size" in given
    size = given.get("crop_size") if cropped else given.get("size")
    if isinstance(size, dict):
        sides = [size.get(side, size.get("shortest_edge")) for side in ("height", "width")]
        size = None if None in sides else sides
    if size is not None:
        config["size"] = size
    config["scale"] = given.get("rescale_factor", 1 / 255) if given.get("do_rescale", True) else 1
    for name, theirs, none in (("mean", "image_mean", 0), ("std", "image_std", 1)):
        if not given.get("do_normalize", True):
            config[name] = none
        elif theirs in given:
            config[name] = given[theirs]
    if given.get("do_flip_channel_order"):
        config["colours"] = "BGR"
    return {name: _checked(name, value, path) for name, value in config.items()}


def _checked(name: str, value: Any, path: Path) -> Any:
    """Return a value for `InputSpec`: sizes and numbers as tuples, or one number for all."""
    several = isinstance(value, list) and bool(value)
    parts = value if several else [value]
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in parts)
    valid = {
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
    if not valid or (numbers and not all(map(math.isfinite, parts))):
        raise SettingError(f"{path} has {name} = {value!r}; expected {KEYS[name]}.")
    if name == "size":
        return tuple(map(int, parts * 2))[:2] if len(parts) == 1 else tuple(map(int, parts))
    return tuple(map(float, value)) if several else value
