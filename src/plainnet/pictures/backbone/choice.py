"""What a backbone is shown: from its own file, from the file beside it, and what is assumed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import DataError, FileError, SettingError
from plainnet.network.arrays import Array
from plainnet.pictures.backbone.input_spec import HUGGING_FACE, InputSpec
from plainnet.pictures.backbone.model import OnnxModel

SIZE = 224
"""Pixels, where nothing says how many."""
BATCH = 16
"""Pictures at once, where any number will do."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue between 0 and 1, which most published networks were trained with."""


def choose_view(
    model: OnnxModel,
    wishes: Mapping[str, Any],
    beside: Path | None,
    size: tuple[int, int] | None = None,
) -> tuple[InputSpec, int, list[str]]:
    """What the model is shown, how many features it makes, and what was assumed.

    Args:
        model: the backbone.
        wishes: what the file beside it says, as `read_config` gives it.
        beside: that file.
        size: the wanted height and width, before that of the file.

    Raises:
        FileError, SettingError: they do not fit each other, or the model makes no features.
    """
    where = beside or Path(model.name).with_suffix(".json").name
    layout, channels, assumed = _channels(model, wishes, where)
    sides = _size(model, layout, wishes.get("size"), beside, size, assumed)
    mean, std = wishes.get("mean"), wishes.get("std")
    as_bytes = model.dtype == np.uint8
    if not as_bytes and (mean is None or std is None):
        assumed.append("ImageNet's mean and std")
    grey = channels == 1
    usual = ((0.449,), (0.226,)) if grey else (IMAGENET_MEAN, IMAGENET_STD)
    view = InputSpec(
        size=sides,
        channels=channels,
        layout=layout,
        colours=wishes.get("colours", "RGB"),
        as_bytes=as_bytes,
        scale=float(wishes.get("scale", 1 / 255)),
        mean=usual[0] if mean is None else _each(mean, channels),
        std=usual[1] if std is None else _each(std, channels),
        output=wishes.get("output", ""),
        pool=wishes.get("pool", "mean"),
        maps=layout,
        batch=model.sides[0] or BATCH,
    )
    view, n_features = _probed(model, view, "pool" in wishes, where)
    return view, n_features, assumed


def padded(model: OnnxModel, X: Array) -> Array:
    """Inputs in such a number as the model takes: the last one is repeated."""
    fixed = model.sides[0]
    if fixed is None or len(X) == fixed:
        return X
    return np.concatenate([X, np.repeat(X[-1:], fixed - len(X), axis=0)])


def _channels(
    model: OnnxModel, wishes: Mapping[str, Any], where: Path | str
) -> tuple[str, int, list[str]]:
    """The layout, the number of channels, and what of it was assumed."""
    _, first, _, last = model.sides
    likely = [n for n, side in (("NCHW", first), ("NHWC", last)) if side in (1, 3)]
    theirs = isinstance(where, Path) and where.name == HUGGING_FACE  # PyTorch's models
    layout = wishes.get("layout") or ("NCHW" if theirs and len(likely) != 1 else None)
    if layout is None and len(likely) != 1:
        raise FileError(
            f"{model.name} takes inputs {_told(model.sides)}, which does not say which of them are "
            f'the channels; say it in {where}: {{"layout": "NCHW"}} or "NHWC".'
        )
    layout = layout or likely[0]
    found = first if layout == "NCHW" else last
    if found not in (None, 1, 3):
        raise FileError(
            f"{model.name} takes inputs {_told(model.sides)}, {layout}, with {found} channels; "
            "pictures have 3, or 1."
        )
    return layout, found or 3, [] if found else ["3 channels"]


def _size(
    model: OnnxModel,
    layout: str,
    said: tuple[int, int] | None,
    beside: Path | None,
    wanted: tuple[int, int] | None,
    assumed: list[str],
) -> tuple[int, int]:
    own = model.sides[2:] if layout == "NCHW" else model.sides[1:3]
    for size, whose in ((wanted, "size is"), (said, f"{beside} says")):
        if size is None:
            continue
        if any(side not in (None, n) for side, n in zip(own, size, strict=True)):
            taken = " × ".join(str(side or "any") for side in own)
            raise SettingError(
                f"{model.name} takes pictures of {taken} pixels, but {whose} {size[0]} × "
                f"{size[1]}; leave that out."
            )
        return size
    if None in own:
        assumed.append(f"{SIZE} × {SIZE} pixels")
    return own[0] or SIZE, own[1] or SIZE


def _probed(
    model: OnnxModel, view: InputSpec, pool_is_said: bool, where: Path | str
) -> tuple[InputSpec, int]:
    """The view with its output and batch, once one or two grey pictures have been looked at."""
    pictures = np.empty((min(2, view.batch), *view.shape), np.uint8)
    pictures[...] = view.average
    alone = len(pictures) == 1 or model.sides[0] is not None
    try:
        outputs = dict(zip(model.outputs, model.run(padded(model, view(pictures))), strict=True))
    except DataError:
        if alone:
            raise
        outputs = {}
    rows = model.sides[0] or len(pictures)
    fit = {
        name: Y
        for name, Y in outputs.items()
        if Y.dtype.kind == "f" and Y.ndim in (2, 3, 4) and len(Y) == rows and Y.size
    }
    if not fit and not alone:  # it may have been made for one picture at a time, without saying so
        return _probed(model, replace(view, batch=1), pool_is_said, where)
    name = _chosen(model, view.output, fit, outputs, where)
    if fit[name].ndim == 3 and not pool_is_said:
        raise FileError(
            f"The output {name} of {model.name} is {fit[name].shape}, a row for each token; say in "
            f'{where} which are the features: {{"pool": "first"}} for the class token, or "mean".'
        )
    view = replace(view, output=name, maps=_maps(fit[name].shape, view.layout))
    return view, view.pooled(fit[name]).shape[1]


def _chosen(
    model: OnnxModel,
    wanted: str,
    fit: Mapping[str, Array],
    outputs: Mapping[str, Array],
    where: Path | str,
) -> str:
    """The name of the output that holds the features: the wanted one, or the flattest."""
    told = ", ".join(f"{name} {Y.dtype} {Y.shape}" for name, Y in outputs.items())
    if wanted and wanted not in fit:
        raise FileError(
            f"{model.name} has no output {wanted!r} of features, but {told}; name one in {where}."
        )
    if not fit:
        raise FileError(
            f"{model.name} gives {told}; expected floating-point features (N, d), maps of them in "
            "four dimensions, or tokens (N, tokens, d), so export the layer before the answer."
        )
    least = min(Y.ndim for Y in fit.values())
    flattest = [name for name, Y in fit.items() if Y.ndim == least]
    if not wanted and len(flattest) > 1:
        raise FileError(
            f"{model.name} gives {told}; say which of them holds the features, in {where}: "
            f'{{"output": "{flattest[0]}"}}.'
        )
    return wanted or flattest[0]


def _maps(shape: tuple[int, ...], layout: str) -> str:
    """The layout of an output: two sides alike are its places, else it is as the input's.

    Many a model that takes NHWC turns it at its door, and gives NCHW.
    """
    if len(shape) != 4 or (shape[1] == shape[2]) == (shape[2] == shape[3]):
        return layout
    return "NHWC" if shape[1] == shape[2] else "NCHW"


def _each(value: float | tuple[float, ...], channels: int) -> tuple[float, ...]:
    """A number for each channel."""
    return value if isinstance(value, tuple) else (float(value),) * channels


def _told(sides: tuple[int | None, ...]) -> str:
    return f"({', '.join('any' if side is None else str(side) for side in sides)})"
