"""Choosing the input of a backbone: from its file, from its settings, and from defaults."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import DataError, FileError, SettingError
from plainnet.network.arrays import Array
from plainnet.pictures.backbone.input_spec import HUGGING_FACE, InputSpec
from plainnet.pictures.backbone.model import OnnxModel

DEFAULT_SIDE = 224
"""The default side of the input in pixels."""
DEFAULT_BATCH = 16
"""The number of pictures in a batch, if the model takes any number."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""The mean and std of red, green and blue in [0, 1] for most published networks."""


def choose_view(
    model: OnnxModel,
    config: Mapping[str, Any],
    beside: Path | None,
    size: tuple[int, int] | None = None,
) -> tuple[InputSpec, int, list[str]]:
    """Return the model's input, its number of features, and the assumed settings in words.

    Args:
        model: the backbone.
        config: the settings from `read_config`.
        beside: the settings file.
        size: height and width, which override those of the file.

    Raises:
        FileError, SettingError: the arguments do not fit together, or the model does not make
            features.
    """
    where = beside or Path(model.name).with_suffix(".json").name
    layout, channels, assumed = _channels(model, config, where)
    sides = _size(model, layout, config.get("size"), beside, size, assumed)
    mean, std = config.get("mean"), config.get("std")
    as_bytes = model.dtype == np.uint8
    if not as_bytes and (mean is None or std is None):
        assumed.append("ImageNet's mean and std")
    grey = channels == 1
    usual = ((0.449,), (0.226,)) if grey else (IMAGENET_MEAN, IMAGENET_STD)
    view = InputSpec(
        size=sides,
        channels=channels,
        layout=layout,
        colours=config.get("colours", "RGB"),
        as_bytes=as_bytes,
        scale=float(config.get("scale", 1 / 255)),
        mean=usual[0] if mean is None else _each(mean, channels),
        std=usual[1] if std is None else _each(std, channels),
        output=config.get("output", ""),
        pool=config.get("pool", "mean"),
        maps=layout,
        batch=model.sides[0] or DEFAULT_BATCH,
    )
    view, n_features = _probed(model, view, "pool" in config, where)
    return view, n_features, assumed


def padded(model: OnnxModel, X: Array) -> Array:
    """Repeat the last input until the batch has the model's fixed size."""
    fixed = model.sides[0]
    if fixed is None or len(X) == fixed:
        return X
    return np.concatenate([X, np.repeat(X[-1:], fixed - len(X), axis=0)])


def _channels(
    model: OnnxModel, config: Mapping[str, Any], where: Path | str
) -> tuple[str, int, list[str]]:
    """Return the layout, the number of channels, and the assumed ones in words."""
    _, first, _, last = model.sides
    likely = [n for n, side in (("NCHW", first), ("NHWC", last)) if side in (1, 3)]
    theirs = isinstance(where, Path) and where.name == HUGGING_FACE  # PyTorch's models
    layout = config.get("layout") or ("NCHW" if theirs and len(likely) != 1 else None)
    if layout is None and len(likely) != 1:
        raise FileError(
            f"{model.name} takes inputs {_sides_text(model.sides)}, which does not show the "
            f'channels; set them in {where}: {{"layout": "NCHW"}} or "NHWC".'
        )
    layout = layout or likely[0]
    found = first if layout == "NCHW" else last
    if found not in (None, 1, 3):
        raise FileError(
            f"{model.name} takes inputs {_sides_text(model.sides)}, {layout}, with {found} "
            "channels; pictures have 3, or 1."
        )
    return layout, found or 3, [] if found else ["3 channels"]


def _size(
    model: OnnxModel,
    layout: str,
    configured: tuple[int, int] | None,
    beside: Path | None,
    wanted: tuple[int, int] | None,
    assumed: list[str],
) -> tuple[int, int]:
    own = model.sides[2:] if layout == "NCHW" else model.sides[1:3]
    for size, whose in ((wanted, "size is"), (configured, f"{beside} says")):
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
        assumed.append(f"{DEFAULT_SIDE} × {DEFAULT_SIDE} pixels")
    return own[0] or DEFAULT_SIDE, own[1] or DEFAULT_SIDE


def _probed(
    model: OnnxModel, view: InputSpec, has_pool: bool, where: Path | str
) -> tuple[InputSpec, int]:
    """Return the view with its output and batch, after a run with one or two grey pictures."""
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
    if not fit and not alone:  # it may take only one picture at a time
        return _probed(model, replace(view, batch=1), has_pool, where)
    name = _chosen(model, view.output, fit, outputs, where)
    if fit[name].ndim == 3 and not has_pool:
        raise FileError(
            f"The output {name} of {model.name} is {fit[name].shape}, a row for each token; set "
            f'the features in {where}: {{"pool": "first"}} for the class token, or "mean".'
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
    """Return the output with the features: the named one, or the one with fewest dimensions."""
    found = ", ".join(f"{name} {Y.dtype} {Y.shape}" for name, Y in outputs.items())
    if wanted and wanted not in fit:
        raise FileError(
            f"{model.name} has no output {wanted!r} of features, but {found}; name one in {where}."
        )
    if not fit:
        raise FileError(
            f"{model.name} returns {found}; expected floating-point features (N, d), maps of them "
            "in four dimensions, or tokens (N, tokens, d), so export the layer before the answer."
        )
    least = min(Y.ndim for Y in fit.values())
    flattest = [name for name, Y in fit.items() if Y.ndim == least]
    if not wanted and len(flattest) > 1:
        raise FileError(
            f"{model.name} returns {found}; name the output with the features in {where}: "
            f'{{"output": "{flattest[0]}"}}.'
        )
    return wanted or flattest[0]


def _maps(shape: tuple[int, ...], layout: str) -> str:
    """Return the layout of an output: two equal sides are positions, else it is the input's.

    Many models that take NHWC transpose it first, and return NCHW.
    """
    if len(shape) != 4 or (shape[1] == shape[2]) == (shape[2] == shape[3]):
        return layout
    return "NHWC" if shape[1] == shape[2] else "NCHW"


def _each(value: float | tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Return a number for each channel."""
    return value if isinstance(value, tuple) else (float(value),) * channels


def _sides_text(sides: tuple[int | None, ...]) -> str:
    return f"({', '.join('any' if side is None else str(side) for side in sides)})"
