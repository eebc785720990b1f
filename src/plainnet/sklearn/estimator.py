"""The base of classifier and regressor: from scikit-learn's arguments to a trained network."""

from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar, cast

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from plainnet.errors import DataError, SettingError
from plainnet.models.trainable import AnyModel
from plainnet.network import Array, Network
from plainnet.sklearn.building import build, dense, make_layers
from plainnet.sklearn.learning import Held, Learning
from plainnet.sklearn.preset import train_model, without_samples
from plainnet.sklearn.preset_settings import refuse_without_preset
from plainnet.sklearn.rows import as_rows, check_order, counting, names_of, unmasked_or_sparse
from plainnet.training import logits

F = TypeVar("F", bound=Callable[..., Any])
M = TypeVar("M", bound=AnyModel)


class PlainNet(Learning, BaseEstimator):
    """The base of both estimators; `PlainNetClassifier` describes the parameters."""

    model_: Any
    """The `plainnet.Classifier` or `Regressor`, if a preset trained one; else there is none."""
    n_features_in_: int
    n_outputs_: int
    out_activation_: str
    _numeric: ClassVar[bool]
    """Whether the targets are numbers."""
    _columns: tuple[Any, ...] = ()
    """The names of the training columns, if scikit-learn does not store them."""

    def _know(self, labels: Array, classes: Any, *, begin: bool, in_parts: bool) -> None:
        """Set `n_outputs_`, `out_activation_` and the classes from the labels."""
        raise NotImplementedError

    def _targets(self, labels: Array) -> Array:
        """Return the labels as targets of the loss."""
        raise NotImplementedError

    def _class_weights(
        self,
        labels: Array,  # noqa: ARG002
        weights: Array | None,
        in_parts: bool,  # noqa: ARG002
    ) -> Array | None:
        """Return the weights of samples, including those of their classes."""
        return weights

    def _stratify(self, labels: Array) -> Array | None:  # noqa: ARG002
        """Return the labels to stratify by when samples are held out; None for none."""
        return None

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation_data: Any,
        classes: Any = None,
        *,
        in_parts: bool,
    ) -> Self:
        """Train; with `in_parts`, one pass over samples that others will follow."""
        self._validate_params()
        refuse_without_preset(self)
        begin = not (hasattr(self, "network_") and (self.warm_start or in_parts))
        names = names_of(X)
        X, y, sample_weight = counting(X, y, sample_weight)
        X, labels = self._checked(X, y, reset=begin)
        if begin:
            self._columns = names
            if hasattr(self, "model_"):
                del self.model_
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        self._know(labels, classes, begin=begin, in_parts=in_parts)
        if begin or not in_parts:
            self._random_state = check_random_state(self.random_state)
        if begin:
            sizes = self.n_features_in_, self.n_outputs_
            self._begin(build(self, *sizes, dtype=X.dtype, random=self._random_state))
        else:
            self._check_network()
        if not (in_parts and self._in_parts):
            self._begin_to_wait(in_parts=in_parts)
        elif self.stopped_early_:
            return self
        if not (begin or in_parts):
            self._renew_optimizer()
        self._train(X, labels, sample_weight, validation_data)
        return self

    def _fit_preset(
        self, kind: type[M], X: Any, y: Any, sample_weight: Any, validation_data: Any
    ) -> M:
        """Train `model_` by the preset, and return it."""
        self._validate_params()
        return train_model(self, kind, X, y, sample_weight, validation_data)

    def _train(self, X: Any, labels: Array, sample_weight: Any, validation_data: Any) -> None:
        """Train with the samples that are not held out."""
        at_once, held = self.solver == "lbfgs", None
        weights = self._class_weights(labels, sample_weight, self._in_parts)
        if weights is not None and weights.any() and not weights.all():  # some weigh 0
            rows = np.flatnonzero(weights)
            X, labels = X[rows], labels[rows]
            sample_weight = None if sample_weight is None else sample_weight[rows]
        if validation_data is not None:
            held = self._validation(validation_data)
        elif self.early_stopping and not at_once:
            X, labels, sample_weight, held = self._hold_out(X, labels, sample_weight)
        y = self._targets(labels)
        weights = self._class_weights(labels, sample_weight, self._in_parts)
        if at_once:
            self._learn_at_once(X, y, weights, held)
        else:
            self._learn(X, y, weights, held)

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Array]:
        """Return samples and labels as arrays; X may be a CSR matrix."""
        if not reset:
            check_order(X, self._columns)
        X, y = unmasked_or_sparse(X, "X"), unmasked_or_sparse(y, "y")
        X, y = validate_data(
            self,
            X,
            y,
            reset=reset,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=self._numeric,
            dtype=(np.float64, np.float32),
        )
        labels = y.toarray() if hasattr(y, "toarray") else y
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = column_or_1d(labels, warn=True)
        return X, labels

    def _validation(self, validation_data: Any) -> Held:
        """Return the validation samples of the user."""
        try:
            X, y, *rest = validation_data
            (weights,) = rest or (None,)
        except (TypeError, ValueError):
            raise SettingError(
                "validation_data must be a pair (X, y), or (X, y, sample_weight), but got "
                f"{type(validation_data).__name__}; pass samples and labels as for fit."
            ) from None
        X, y, weights = counting(X, y, weights)
        X, labels = self._checked(X, y, reset=False)
        if weights is not None:
            weights = _check_sample_weight(weights, X, dtype=X.dtype)
        return Held(X, self._targets(labels), labels, weights)

    def _hold_out(
        self, X: Any, labels: Array, weights: Array | None
    ) -> tuple[Any, Array, Array | None, Held]:
        """Split into training samples, labels and weights, and the samples held out."""
        arrays = [X, labels] if weights is None else [X, labels, weights]
        X, X_held, labels, labels_held, *rest = train_test_split(
            *arrays,
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=self._stratify(labels),
        )
        if (n := X_held.shape[0]) < 2:
            raise DataError(
                f"The validation set is too small: {n} of {n + X.shape[0]} samples, but at least "
                "2 are needed; raise validation_fraction, or pass validation_data."
            )
        weights, weights_held = rest or (None, None)
        return (
            X,
            labels,
            weights,
            Held(X_held, self._targets(labels_held), labels_held, weights_held),
        )

    def _check_network(self) -> None:
        """Raise a SettingError if the parameters describe another network than the fitted one."""
        asked = make_layers(self, self.n_features_in_, self.n_outputs_)
        if repr(asked) != repr(self.network_.layers):
            raise SettingError(
                f"Training continues with {self.network_}, but the parameters now describe "
                f"{Network(asked)}; set warm_start=False and fit again, or restore them."
            )

    def _logits(self, X: Any) -> Array:
        """Return the logits `(N, n_outputs_)`."""
        check_is_fitted(self, "network_")
        check_order(X, self._columns)
        X = unmasked_or_sparse(X, "X")
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=(np.float64, np.float32))
        return logits(self.network_, as_rows(X))

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer, `(units before, units)`: views, changeable in place."""
        return [layer.W for layer in dense(self._fitted())]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each layer, `(units,)`: views, changeable in place."""
        return [layer.b for layer in dense(self._fitted())]

    @property
    def n_layers_(self) -> int:
        """The number of layers, including the inputs."""
        return len(dense(self._fitted())) + 1

    def _fitted(self) -> Network:
        if not hasattr(self, "network_"):
            how = "fitted with a preset; see model_.networks"
            how = how if hasattr(self, "model_") else "not fitted yet; call fit first"
            raise AttributeError(f"This {type(self).__name__} is {how}.")
        return self.network_

    def __getstate__(self) -> Any:
        state = super().__getstate__()
        if "model_" in state:
            state = {**state, "model_": without_samples(self.model_)}
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _learns_in_parts(estimator: PlainNet) -> bool:
    """Whether the estimator has `partial_fit`."""
    if estimator.preset is not None:
        raise AttributeError(
            f"preset={estimator.preset!r} learns from all samples at once; call fit with all of "
            "them, or set preset=None for partial_fit."
        )
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit needs a solver that learns batch by batch, but solver='lbfgs' takes all "
            "samples at each step; choose for example solver='adam'."
        )
    return True


def in_parts(method: F) -> F:
    """Make a method available only with such a solver."""
    return cast(F, available_if(_learns_in_parts)(method))
