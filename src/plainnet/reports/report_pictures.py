"""The first layer's weights as pictures; "" if there is nothing to show."""

import numpy as np

from plainnet.digits import number
from plainnet.models import Model
from plainnet.models.one_network import network_at_start
from plainnet.network import Array, Conv2D, Network
from plainnet.pictures import resize_pictures
from plainnet.reports.html import Html, element, gallery, picture
from plainnet.reports.report_data import ModelContext
from plainnet.reports.signs import AGAINST, FOR
from plainnet.reports.text import count

MOST_UNITS = 24
"""Most units shown."""
MOST_WEIGHTS = 64
"""Largest width and height of a picture of weights, so that the page stays small."""
LEAST_COSINE = 0.1
"""Least cosine of trained weights with their own initial values."""
NOTHING = Html("")


def first_weights(report: ModelContext) -> Html:
    """Show what the units of the first layer have learned, as pictures."""
    model = report.model
    seen, W = model.preprocessing, _first(model.network)
    if not seen.is_pictures or W is None:
        return NOTHING
    layer = model.network.layers[0]
    window = layer.kernel if isinstance(layer, Conv2D) else None
    shape = (window, window, seen.shape[2]) if window else seen.shape
    began = _weights_at_start(model, W)
    change = W if began is None else W - began
    norms = np.linalg.norm(change, axis=0)
    units = np.argsort(-norms, kind="stable")[:MOST_UNITS]
    what, most = "what the training has added to the weights", "whose weights changed most"
    noise = "The initial weights, which are noise, are left out."
    if began is None:
        what, most = "the weights", "with the largest weights"
        noise = "Noise comes from the initial weights; smooth shapes were learned."
    of = f"{len(units)} of {count(len(norms), 'unit')}, {most}"
    of = "Its one unit" if len(norms) == 1 else of
    raises, lowers = "lighter than mid-grey", "darker"
    if seen.shape[2] == 1:
        raises, lowers = "blue", "orange"
    caption = (
        f"{of}: {what}. Where a picture here is {raises}, a brighter pixel raises the output of "
        f"the unit; where it is {lowers}, it lowers it. Each unit has its own scale, symmetric "
        f"around 0. {noise}"
    )
    shown = [
        picture(
            small(weight_picture(change[:, k].reshape(shape)), MOST_WEIGHTS),
            f"unit {k}, length {number(norms[k], digits=3)}",
            alt=f"{what} of unit {k}",
        )
        for k in units
    ]
    return Html(element("p", caption, class_="faint") + gallery(shown))


def _first(network: Network) -> Array | None:
    """Return the weights of the first layer, if it takes the pixels directly or in windows."""
    weights = [value for name, value in network.parameters.items() if name.endswith(".W")]
    whole = bool(weights) and len(weights[0]) == network.n_in
    return weights[0] if whole or isinstance(network.layers[0], Conv2D) else None


def _weights_at_start(model: Model, W: Array) -> Array | None:
    """Return the first layer's weights before the training; None if they are not known."""
    began = network_at_start(model)
    W_0 = None if began is None else _first(began)
    if W_0 is None or W_0.shape != W.shape:
        return None
    norms = float(np.linalg.norm(W) * np.linalg.norm(W_0))
    # another version of NumPy may draw other numbers, which are unrelated to the trained weights
    related = float(np.vdot(W, W_0)) > LEAST_COSINE * norms or not W_0.any()
    return W_0 if related else None


def weight_picture(w: Array) -> Array:
    """Draw weights `(height, width, 1 or 3)` as uint8 colours `(height, width, 3)`.

    One channel: orange is negative, white 0, blue positive; three channels: 0 is mid-grey in each.
    """
    limit = np.percentile(abs(w), 99) or abs(w).max() or 1
    t = np.clip(w / limit, -1, 1)
    if w.shape[2] == 3:
        return np.round(127.5 + 127.5 * t).astype(np.uint8)
    ends = np.where(t < 0, np.array(AGAINST), np.array(FOR))
    colours: Array = np.round(255 + abs(t) * (ends - 255)).astype(np.uint8)
    return colours


def small(pixels: Array, most: int) -> Array:
    """Shrink a picture `(height, width, channels)` to at most so many pixels a side."""
    height, width = pixels.shape[:2]
    shrink = most / max(height, width)
    if shrink >= 1:
        return pixels
    size = max(1, round(height * shrink)), max(1, round(width * shrink))
    resized: Array = resize_pictures(pixels[None], size, grey=False)[0]
    return resized
