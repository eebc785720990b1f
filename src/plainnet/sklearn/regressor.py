"""The regressor: one number for each sample, or several."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from plainnet.errors import DataError, SettingError
from plainnet.models.regressor import Regressor
from plainnet.network import Array, Loss, MeanSquaredError
from plainnet.network.poisson import PoissonDeviance, Scaled
from plainnet.sklearn.estimator import PlainNet, in_parts
from plainnet.sklearn.parameters import Parameters
from plainnet.sklearn.preset import samples


@dataclass(eq=False, repr=False, match_args=False)
class PlainNetRegressor(MultiOutputMixin, RegressorMixin, PlainNet):
    """A neural network that predicts numbers, like scikit-learn's `MLPRegressor`.

    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> regressor = PlainNetRegressor(solver="lbfgs", random_state=0)
    >>> regressor.fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.98
    True

    The parameters are those of `PlainNetClassifier`, except `class_weight`; the score of early
    stopping is R² unless `scoring` names another. The network learns y in its own units: scale it,
    as with `sklearn.compose.TransformedTargetRegressor`, if its spread is far from 1.

    Args:
        loss: "squared_error", ½ Σ (z − y)², or "poisson" for counts: half of the Poisson deviance,
            with e^z as the answer. Both are sums over the outputs, and means over samples.

    Attributes:
        out_activation_: "identity", or "exp" with `loss="poisson"`; the others are those of
            `PlainNetClassifier`. With a preset `model_` is a `plainnet.Regressor`.
    """

    loss: str = "squared_error"

    _parameter_constraints: ClassVar[Any] = {
        **Parameters._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }
    _numeric = True
    _metric = staticmethod(r2_score)

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> Self:
        """Train.

        Args:
            X: samples `(N, features)`, an array, a table with named columns, or sparse.
            y: the targets, `(N,)` or `(N, outputs)`.
            sample_weight: the weight of each sample `(N,)`, 0 to leave it out; None: all equal.
            validation_data: (X, y), or (X, y, sample_weight), evaluated after each epoch; with
                `early_stopping` instead of a part of X.

        Raises:
            ValueError: data or parameters that cannot be used.
            DivergedError: the loss is no longer finite.
        """
        if self.preset is None:
            return self._fit(X, y, sample_weight, validation_data, in_parts=False)
        self._fit_preset(Regressor, X, y, sample_weight, validation_data)
        return self

    @in_parts
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> Self:
        """Train by one pass over these samples; see `PlainNetClassifier.partial_fit`."""
        return self._fit(X, y, sample_weight, validation_data, in_parts=True)

    def predict(self, X: Any) -> Array:
        """Return the numbers, `(N,)` or `(N, outputs)`, in the dtype of the training X."""
        if hasattr(self, "model_"):
            y: Array = self.model_.predict(samples(self, X))
            return y
        return self._answers(self._logits(X))

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Array:
        """Return an interval for each sample that holds its true number with this probability.

        It needs a preset; see `plainnet.Regressor.predict_interval`.

        Args:
            X: samples, as in `predict`.
            coverage: the share of true numbers inside, 0 < coverage < 1.

        Returns:
            The lower and upper ends, `(N, 2)`, or `(N, outputs, 2)`.

        Raises:
            SettingError: the regressor has no preset, or too few samples were held out.
            NotFittedError: it is not fitted.
        """
        if self.preset is None:
            raise SettingError(
                "Prediction intervals follow from the errors of networks on samples that they have "
                "not learned from, which there are only with a preset; set preset='tabular'."
            )
        check_is_fitted(self, "model_")
        ends: Array = self.model_.predict_interval(samples(self, X), coverage)
        return ends

    def _know(self, labels: Array, classes: Any, *, begin: bool, in_parts: bool) -> None:  # noqa: ARG002
        if labels.dtype.kind not in "biuf":
            raise DataError(
                f"A regressor predicts numbers, but y is {labels.dtype} {labels.shape}; pass "
                "numbers, or use a PlainNetClassifier for classes."
            )
        self.n_outputs_ = 1 if labels.ndim == 1 else labels.shape[1]
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"

    def _targets(self, labels: Array) -> Array:
        return labels

    def _loss(self) -> Loss:
        if self.loss == "poisson":
            return Scaled(PoissonDeviance(), self.n_outputs_)
        return Scaled(MeanSquaredError(), self.n_outputs_ / 2)

    def _answers(self, Z: Array) -> Array:
        answers = PoissonDeviance().means(Z) if self.out_activation_ == "exp" else Z
        return answers[:, 0] if self.n_outputs_ == 1 else answers
