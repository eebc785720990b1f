"""What notebooks show of networks, models and histories."""

from collections.abc import Iterable
from typing import Any

from plainnet.models import Model
from plainnet.network import Network
from plainnet.plots.history import plot_history
from plainnet.reports.html import Html, element, escaped, table
from plainnet.reports.model_facts import facts_of
from plainnet.reports.settings import settings_used
from plainnet.reports.text import LAYER_HEADER, network_rows
from plainnet.training import History


def html_of(shown: Any) -> str | None:
    """Return the HTML of a network, a model or a history; None: there is nothing to see."""
    if isinstance(shown, History):
        return plot_history(shown)._repr_html_() if shown else None
    html = layers_html(shown) if isinstance(shown, Network) else model_html(shown)
    return html.replace('class="text"', 'style="text-align:left"')  # for want of a style sheet


def layers_html(network: Network) -> Html:
    """Return a table of the layers: outputs, parameters, and multiply-adds for one sample."""
    return table(LAYER_HEADER, network_rows(network))


def model_html(model: Model) -> Html:
    """Return what a model takes and answers, its scores, its layers and its settings."""
    name = element("b", type(model).__name__)
    if not model.is_trained:
        settings = repr(model).partition("(")[2].removesuffix(")") or "the default settings"
        return element("div", name, f", not trained yet: {settings}")
    return element(
        "div",
        name,
        table((), facts_of(model), texts=(0, 1)),
        layers_html(model.network),
        _folded("settings", settings_used(model).items()),
    )


def _folded(title: str, rows: Iterable[tuple[str, str]]) -> Html:
    inner = table((), [(escaped(name), escaped(text)) for name, text in rows], texts=(0, 1))
    return element("details", element("summary", title), inner)
