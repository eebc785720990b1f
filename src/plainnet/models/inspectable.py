"""The part of `Classifier` and `Regressor` that shows which columns or features matter."""

from __future__ import annotations  # so that help() shows names, not what they stand for

from typing import TYPE_CHECKING, Any

from plainnet.errors import SettingError
from plainnet.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plainnet.data import Dataset, Splits
    from plainnet.models.importance import Importance, Progress
    from plainnet.models.labels import Labels, TargetNames
    from plainnet.models.partial_dependence import PartialDependence
    from plainnet.models.samples import Samples
    from plainnet.network import Array, Rng


class InspectableModel(Model):
    """A model that measures how much each column or feature matters, and draws its curve."""

    def importance(
        self,
        data: Samples | Splits | None = None,
        y: Labels | None = None,
        *,
        target: TargetNames | None = None,
        weights: Array | None = None,
        repeats: int = 5,
        rows: int | None = None,
        rng: Rng | int | None = 0,
        progress: Progress | None = None,
    ) -> Importance:
        """Measure how much each column or feature matters: its permutation importance.

        All features of a column are shuffled together, several times. Its importance is the rise of
        the log loss or RMSE, and the fall of accuracy or R². The 95 % interval is that of this rise
        for new rows from the same source and any shuffles; the chance of the training is not in it.
        Columns that say nearly the same stand in for each other, and each seems to matter less.

        Args:
            data: samples with known answers, as `evaluate` takes them, from which the model has not
                learned; training samples draw a warning. None: the `validation` samples, each
                answered by the networks that held it out.
            y: the class or number of each sample, if the data do not contain it.
            target: the column of a table with the right answers; None: that of the training.
            weights: the weight of each sample, `(N,)`; None: those of the data, or all equal.
            repeats: the number of shuffles of each column.
            rows: the largest number of rows, chosen at random; None: 5,000, and fewer for many
                columns and networks.
            rng: generator or seed of the shuffles and of the rows.
            progress: is called with the columns done and their number.

        Raises:
            DataError: as `evaluate`; the model was trained on pictures, or there is only one row.
            SettingError: as `evaluate`, or there are no validation samples.
        """
        from plainnet.models.evaluating import data_to_evaluate
        from plainnet.models.importance import importance, warn_of_training_rows

        self.check_trained()
        self.inputs.parts()  # raises for pictures
        if data is None:
            found = self._validation()
        else:
            found = data_to_evaluate(self, data, y, target=target, weights=weights)
            warn_of_training_rows(self, found)
        how: dict[str, Any] = {"repeats": repeats, "rows": rows, "rng": rng, "progress": progress}
        return importance(self, found, **how)

    def partial_dependence(
        self,
        columns: str | Sequence[str],
        samples: Samples | None = None,
        *,
        points: int = 24,
        rows: int = 200,
        rng: Rng | int | None = 0,
    ) -> list[PartialDependence]:
        """Return the mean answer as a function of each of some columns, and its spread.

        The column is set to one value in all rows, and their answers are averaged; this is repeated
        for its quantiles or categories. Where columns depend on each other, some of these rows are
        unlike any real one.

        Args:
            columns: the names of columns; of feature vectors `feature 0`, ….
            samples: rows as `predict` takes them; None: the `validation` samples.
            points: the largest number of values of a column, at least 2; categories are all used.
            rows: the largest number of rows, chosen at random.
            rng: generator or seed of the choice.

        Raises:
            DataError: samples of another kind, or pictures.
            SettingError: an unknown column, or there are no validation samples.
        """
        from plainnet.models.partial_dependence import partial_dependence

        self.check_trained()
        names = [columns] if isinstance(columns, str) else columns
        given = self._validation() if samples is None else samples
        return partial_dependence(self, given, names, points=points, rows=rows, rng=rng)

    def _validation(self) -> Dataset:
        if self.validation is None:
            raise SettingError(
                "This model has no validation samples at hand; give samples that it has not "
                "learned from."
            )
        return self.validation
