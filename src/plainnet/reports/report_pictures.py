"""The sections of a report that are pictures; "" where there is nothing to show."""

from collections.abc import Iterator

import numpy as np

from plainnet.digits import number
from plainnet.errors import PictureError
from plainnet.models import Model
from plainnet.models.fitting import network_at_start
from plainnet.network import Array, Network
from plainnet.pictures import resize_pictures
from plainnet.pictures.check.inspection import read_within
from plainnet.reports.html import Html, element, gallery, picture
from plainnet.reports.material import Material, Report
from plainnet.reports.text import count, percent, printable

MOST_PICTURES = 12
MOST_UNITS = 24
MOST_PIXELS, MOST_WEIGHTS = 96, 64
"""Width and height of a picture in the page, at most: it has to stay small."""

ALIKE = 0.1
"""The cosine of weights with those that they began as, at least."""

NOTHING = Html("")


def mistakes(report: Report) -> Html:
    """The surest wrong answers, and the least certain ones of all."""
    if not (report.data.is_pictures or (report.is_pictures and report.data.paths)):
        return NOTHING
    wrong = np.flatnonzero(report.answers != report.y)
    surest = wrong[np.argsort(-report.confidence[wrong], kind="stable")][:MOST_PICTURES]
    two_best = np.sort(report.P, axis=1)[:, -2:]
    least = np.argsort(two_best[:, 1] - two_best[:, 0], kind="stable")[:MOST_PICTURES]
    none = element("p", "There is none: every picture was answered rightly.")
    return Html(
        element("h3", "The surest mistakes")
        + (gallery(_shown(report, surest)) if len(surest) else none)
        + element("h3", "The least certain answers")
        + element("p", "Where the two most probable classes are closest.", class_="faint")
        + gallery(_shown(report, least))
    )


def first_weights(report: Material) -> Html:
    """What the units of the first layer have learned to look for, as pictures."""
    learner = report.learner
    seen, W = learner.preprocessing, _first(learner.network)
    if not seen.is_pictures or W is None:
        return NOTHING
    began = _weights_at_start(learner, W)
    change = W if began is None else W - began
    norms = np.linalg.norm(change, axis=0)
    units = np.argsort(-norms, kind="stable")[:MOST_UNITS]
    what, most = "what the training has added to the weights", "whose weights changed most"
    noise = "The weights began as noise, which is left out here."
    if began is None:
        what, most = "the weights", "with the longest weights"
        noise = "Noise is what the weights began with; what is smooth was learned."
    of = f"{len(units)} of {count(len(norms), 'unit')}, {most}"
    of = "Its one unit" if len(norms) == 1 else of
    raises, lowers = "lighter than mid-grey", "darker"
    if seen.shape[2] == 1:
        raises, lowers = "red", "blue"
    told = (
        f"{of}: {what}. A pixel that gets brighter raises the unit where it is {raises} here, and "
        f"lowers it where it is {lowers}. Each unit has a scale of its own, as far below 0 as "
        f"above. {noise}"
    )
    shown = [
        picture(
            _small(weight_picture(change[:, k].reshape(seen.shape)), MOST_WEIGHTS),
            f"unit {k}, length {number(norms[k], digits=3)}",
            alt=f"{what} of unit {k}",
        )
        for k in units
    ]
    return Html(element("p", told, class_="faint") + gallery(shown))


def _first(network: Network) -> Array | None:
    """The weights that the pixels come into."""
    weights = [value for name, value in network.parameters.items() if name.endswith(".W")]
    return weights[0] if weights and len(weights[0]) == network.n_in else None


def _weights_at_start(learner: Model, W: Array) -> Array | None:
    """What the first weights were before the training; None if that is not known any more."""
    began = network_at_start(learner)
    W_0 = None if began is None else _first(began)
    if W_0 is None or W_0.shape != W.shape:
        return None
    norms = float(np.linalg.norm(W) * np.linalg.norm(W_0))
    # another NumPy may draw others: they would be as unlike these weights as any
    drawn_alike = float(np.vdot(W, W_0)) > ALIKE * norms or not W_0.any()
    return W_0 if drawn_alike else None


def weight_picture(w: Array) -> Array:
    """Weights `(height, width, 1 or 3)` as uint8 colours `(height, width, 3)` around no effect.

    One channel: blue for negative, white for 0, red for positive; three: each around mid-grey.
    """
    limit = np.percentile(abs(w), 99) or abs(w).max() or 1
    t = np.clip(w / limit, -1, 1)
    if w.shape[2] == 3:
        return np.round(127.5 + 127.5 * t).astype(np.uint8)
    ends = np.where(t < 0, np.array([10.0, 110, 189]), np.array([179.0, 38, 30]))
    colours: Array = np.round(255 + abs(t) * (ends - 255)).astype(np.uint8)
    return colours


def _shown(report: Report, rows: Array) -> Iterator[Html]:
    for i in rows.tolist():
        if (pixels := _pixels(report, i)) is None:
            continue
        answer, right = report.answers[i], report.y[i]
        order = np.argsort(-report.P[i], kind="stable")[:3].tolist()
        others = [k for k in dict.fromkeys([int(right), *order]) if k != answer]
        told = [f"{report.classes[k]}: {percent(report.P[i, k])}" for k in others[:2]]
        name = printable(report.data.paths[i].name) if report.data.paths else ""
        kind = "good" if answer == right else "bad"
        said = f"{report.classes[answer]}: {percent(report.P[i, answer])}"
        is_what = "right" if answer == right else f"is {report.classes[right]}"
        lines = [element("b", said), element("span", is_what, class_=kind), *told, name]
        caption = Html("<br>".join(element("span", line) for line in lines if line))
        alt = f"{report.classes[right]}, answered as {report.classes[answer]}"
        yield picture(pixels, caption, alt=alt)


def _pixels(report: Report, i: int) -> Array | None:
    """What is shown of a sample: the picture, or of one that features were made of its file."""
    if report.data.is_pictures:
        return _small(report.data.X[i], MOST_PIXELS)
    try:
        return read_within(report.data.paths[i], MOST_PIXELS) if report.data.paths else None
    except (OSError, PictureError):  # it is gone by now; its row in the tables stays
        return None


def _small(pixels: Array, most: int) -> Array:
    """A picture `(height, width, channels)` of at most so many pixels a side."""
    height, width = pixels.shape[:2]
    shrink = most / max(height, width)
    if shrink >= 1:
        return pixels
    size = max(1, round(height * shrink)), max(1, round(width * shrink))
    small: Array = resize_pictures(pixels[None], size, grey=False)[0]
    return small
