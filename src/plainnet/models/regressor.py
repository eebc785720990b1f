"""The regressor, which learns a number for each sample, or several.

::

    regressor = Regressor(hidden=(64, 32)).fit(X, prices)
    regressor.predict(X[:3])                            # array([312000., 154500., …])
    regressor.save("prices.safetensors")
    both = Regressor().fit("flats.csv", target=["price", "rent"])
    both.predict("new.csv")                             # array([[312000., 1420.], …])
"""

from __future__ import annotations  # so that help() shows names, not what they stand for

from typing import TYPE_CHECKING, Unpack, cast

from plainnet.errors import DataError, SettingError
from plainnet.models.settings import RegressorSettings, takes
from plainnet.models.trainable import TrainableModel

if TYPE_CHECKING:
    from plainnet.data import Splits
    from plainnet.metrics.regression import RegressionEvaluation  # noqa: F401 - see below
    from plainnet.models.attribution import RowExplanation
    from plainnet.models.labels import Labels, TargetNames
    from plainnet.models.quantities import Quantities
    from plainnet.models.quantity import Quantity
    from plainnet.models.samples import Samples
    from plainnet.network import Array

CLASSES_ONLY = {
    "label_smoothing": "spreads a target over classes",
    "class_weight": "weights classes",
    "precision": "is for a class",
    "recall": "is for a class",
    "cost": "is for classes",
    "positive": "names a class",
}
"""Settings without meaning for a number, and why."""
WITHOUT_CLASSES = {"class_weight": "none"}
"""Their values in a regressor, if these are not the defaults."""


@takes(RegressorSettings)
class Regressor(TrainableModel["RegressionEvaluation"]):
    """A model that learns a number for each sample, or a number for each of several targets.

    The network learns (y − mean) / scale by the mean squared error; mean and scale are those of the
    training samples, and are saved in the model file. With several targets it has an output for
    each, standardized by itself, and minimizes the mean over the targets.

    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> regressor = Regressor(hidden=8, epochs=3).fit(X, X[:, 0] - X[:, 1])
    >>> regressor.predict(X[:5]).shape
    (5,)

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, a value out of its range, or a setting for classes.
    """

    answers: Quantity | Quantities

    def __init__(self, **settings: Unpack[RegressorSettings]) -> None:
        from plainnet.models.recipe import Recipe

        super().__init__(**{**WITHOUT_CLASSES, **settings})
        usual = Recipe.of(WITHOUT_CLASSES)
        for name, why in CLASSES_ONLY.items():
            if (value := getattr(self.recipe, name)) != getattr(usual, name):
                raise SettingError(
                    f"{name} = {value!r} {why}, but a regressor predicts a number; leave it out."
                )

    @property
    def answers_type(self) -> type[Quantity]:
        """The kind of answers to one target."""
        from plainnet.models.quantity import Quantity

        return Quantity

    @property
    def several_type(self) -> type[Quantities]:
        """The kind of answers to several targets."""
        from plainnet.models.quantities import Quantities

        return Quantities

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets, most often one; ("",) before training."""
        return tuple(part.name for part in self._quantities)

    @property
    def target(self) -> str:
        """The name of the only target; "" before training.

        Raises:
            SettingError: the model predicts several, as with `mean` and `scale`.
        """
        return self._quantity.name

    @property
    def mean(self) -> float:
        """The mean of the training samples; answers are network output × scale + mean."""
        return self._quantity.mean

    @property
    def scale(self) -> float:
        """The standard deviation of the training samples."""
        return self._quantity.scale

    @property
    def _quantities(self) -> tuple[Quantity, ...]:
        return cast("tuple[Quantity, ...]", self.answers.parts)

    @property
    def _quantity(self) -> Quantity:
        if len(self._quantities) > 1:
            raise SettingError(
                f"This regressor predicts {', '.join(self.targets)}; see targets for their names, "
                "and answers.parts for the mean and the scale of each."
            )
        return self._quantities[0]

    def predict(self, samples: Samples) -> Array:
        """Return the predicted number for each sample, float64 `(N,)`, in the unit of the target.

        With k targets there is a column for each, `(N, k)`, in the order of `targets`.

        Args:
            samples: samples like those of the training.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture cannot be read.
            DivergedError: the answers are not finite.
        """
        return self.mean_answers(samples, loaded=True)

    def predict_interval(self, samples: Samples, coverage: float = 0.9) -> Array:
        """Return an interval for each sample that holds its true number with this probability.

        The true number lies above it as often as below it. The intervals are conformal: their
        coverage was measured on the validation samples, which the networks have not learned from,
        and holds for samples of the same kind on average, not for each single one. `evaluate`
        measures it on other data. With several targets it holds for each of them by itself.

        Args:
            samples: samples like those of the training.
            coverage: the share of true numbers inside, 0 < coverage < 1.

        Returns:
            The lower and upper ends, float64 `(N, 2)`, in the unit of the target; with k targets
            `(N, k, 2)`.

        Raises:
            DataError, DivergedError: as `predict`.
            SettingError: too few validation samples for the coverage, or none.
        """
        return self.answers.around(self.mean_answers(samples, loaded=True), coverage)

    def score(
        self,
        samples: Samples | Splits,
        y: Labels | None = None,
        *,
        target: TargetNames | None = None,
        weights: Array | None = None,
    ) -> float:
        """Return R² on the data of `evaluate`: 1 is perfect, 0 equals always answering the mean.

        With several targets it is the mean of theirs.

        Raises:
            DataError, SettingError: as `evaluate`.
        """
        return self.evaluate(samples, y, target=target, weights=weights).r2

    def explain(self, sample: Samples, *, of: str | None = None) -> RowExplanation:
        """Distribute the predicted number of one row over its columns or features.

        Args:
            sample: one row of a table, or one feature vector.
            of: the target to explain if there are several; None: the first.

        Raises:
            DataError: not exactly one row, or the model was trained on pictures.
            SettingError: the model is not trained, or does not predict `of`.
        """
        from plainnet.models.attribution import explain_row  # only when it is asked for

        self.check_trained()
        if self.picture_shape:
            raise DataError(
                "This model predicts numbers of pictures, and only classes of pictures can be "
                "explained; trace(picture) follows a picture through the network."
            )
        return explain_row(self, sample, of=of)
