"""Pictures for notebooks and files: histories, confusion matrices, decision surfaces.

::

    from plainnet.plots import plot_history

    plot_history(classifier)  # the last line of a notebook's cell shows it
    plot_history(classifier).save("history.svg")

They are drawn by the charts of the reports and need no further package. What notebooks show of
networks, models and histories is in `shown.py`. May import reports and below.
"""

from plainnet.plots.confusion import plot_confusion
from plainnet.plots.decision_surface import plot_decision_surface
from plainnet.plots.history import plot_history
from plainnet.plots.plot import Plot

__all__ = ["Plot", "plot_confusion", "plot_decision_surface", "plot_history"]
