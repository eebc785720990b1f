"""The classifier: one of several classes, or several binary labels."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from plainnet.data.class_names import label_array
from plainnet.errors import DataError, SettingError
from plainnet.models.classifier import Classifier
from plainnet.network import Array, Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy
from plainnet.network.poisson import Scaled
from plainnet.sklearn.estimator import PlainNet, in_parts
from plainnet.sklearn.parameters import Parameters
from plainnet.sklearn.preset import samples
from plainnet.sklearn.rows import balanced, by_class


@dataclass(eq=False, repr=False, match_args=False)
class PlainNetClassifier(ClassifierMixin, PlainNet):
    """A neural network that classifies, like scikit-learn's `MLPClassifier`.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = PlainNetClassifier(solver="lbfgs", alpha=1, max_iter=1000, random_state=0)
    >>> classifier.fit(X, y).score(X, y) > 0.95
    True

    Two classes are one logistic output, more are softmax; several labels for each sample are a
    logistic output each. Trained in float32 where X is float32, else in float64. Features should be
    scaled to a mean of 0 and a spread of 1.

    Args:
        hidden_layer_sizes: units of each hidden layer; a number is one layer, () is none.
        activation: of the hidden layers: "identity", "logistic", "tanh", "relu", "leaky_relu",
            "silu", "gelu", "selu", "mish".
        solver: "adam", "adamw" (Adam with `weight_decay`), "rmsprop", "sgd" (with `momentum`), or
            "lbfgs", which takes all samples at each step.
        alpha: L2 penalty, alpha/2 ‖W‖² / n in the loss of n samples.
        batch_size: samples of a step; "auto": 200, or all where there are fewer.
        learning_rate: "constant"; "invscaling", learning_rate_init / (t_ + 1)**power_t after each
            epoch; "adaptive", a fifth whenever training would end, until it is 1e-6; "cosine" and
            "one_cycle" over max_iter epochs, or a function of the step (0, 1, 2, …), with which
            only `early_stopping` ends it before.
        learning_rate_init: of the first step, or the highest one of "one_cycle".
        power_t: of "invscaling".
        max_iter: epochs at most; for "lbfgs" iterations.
        shuffle: whether each epoch takes the samples in an order of its own.
        random_state: seed or generator of weights, order, held-out samples and dropout.
        tol: by how much the loss, or with `early_stopping` the score, must get better to count.
        verbose: whether to print each epoch; "bar": a progress bar.
        warm_start: whether `fit` goes on from the last one, with what the optimizer remembers.
        momentum: of "sgd".
        nesterovs_momentum: whether it is Nesterov's.
        early_stopping: whether to measure the score on held-out samples and keep the best epoch.
        validation_fraction: the share held out, where `fit` gets no `validation_data`.
        beta_1: of "adam" and "adamw": the share of the past in the mean gradient.
        beta_2: the same of the mean square.
        epsilon: of "adam", "adamw" and "rmsprop".
        n_iter_no_change: epochs to wait for something better; inf: never end early.
        max_fun: for "lbfgs", evaluations of the loss at most.
        dropout: the share of hidden units left out at each step.
        normalization: "batch" or "layer", before each activation.
        weight_decay: of "adamw": W ← (1 − rate · weight_decay) W at each step.
        rho: of "rmsprop": the share of the past in the mean square.
        clip_norm: what the gradient is scaled down to where it is longer.
        scoring: what `early_stopping` goes by: the name of a scikit-learn metric, a function
            (estimator, X, y) -> number, or "loss"; None: the accuracy.
        consumer: a function that is given the stream of `plainnet.Epoch` records and passes it on;
            it may look on, and end the training.
        preset: "tabular": train by the library's defaults for tables, an ensemble of five networks;
            "tabular-quick": of one or three; "tabular-best": of fifteen of several kinds. The
            model's settings are these defaults, then the parameters that differ from their own
            defaults, then `settings`; parameters without a counterpart are refused.
        settings: with a preset: settings of plainnet's `Recipe` by name, such as
            {"dropout": 0.0, "bins": 16}.
        n_jobs: with a preset: how many networks are trained at once, each in a process of its own;
            -1: as many as there are processors, None: one. The model has the same bits.
        class_weight: "balanced", so that classes count alike, or {class: weight}.

    Attributes:
        model_: with a preset: the trained `plainnet.Classifier`; beside it there are only
            `classes_`, `n_iter_`, the epochs of all its networks, `n_features_in_` and
            `feature_names_in_`.
        network_: the `plainnet.Network`, from features to logits.
        classes_: what its outputs stand for, sorted.
        out_activation_: what follows the logits: "softmax", or "logistic".
        coefs_, intercepts_: weights and biases of each layer, views of the network's.
        loss_curve_, validation_loss_curve_, validation_scores_: of each epoch; None without
            held-out samples.
        loss_, best_loss_, best_validation_score_: of the last and the best epoch.
        n_iter_: epochs of the last call; t_: samples learned from in all calls.
        stopped_early_: whether training ended because nothing got better.
        n_features_in_, feature_names_in_, n_outputs_, n_layers_: as in scikit-learn.
    """

    class_weight: Any = None

    _parameter_constraints: ClassVar[Any] = {
        **Parameters._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }
    _numeric = False
    _metric = staticmethod(accuracy_score)

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> Self:
        """Train.

        Args:
            X: samples `(N, features)`, an array, a table with named columns, or sparse. With a
                preset a data frame may hold texts, dates and missing values, and its columns are
                matched by name afterwards; sparse samples become dense.
            y: the class of each sample `(N,)`, or 0 or 1 for each of several labels `(N, labels)`.
            sample_weight: the weight of each sample `(N,)`, 0 to leave it out; None: all equal.
            validation_data: (X, y), or (X, y, sample_weight), evaluated after each epoch; with
                `early_stopping` instead of a part of X.

        Raises:
            ValueError: data or parameters that cannot be used.
            DivergedError: the loss is no longer finite.
        """
        if self.preset is None:
            return self._fit(X, y, sample_weight, validation_data, in_parts=False)
        model = self._fit_preset(Classifier, X, y, sample_weight, validation_data)
        k = len(model.targets)
        self.classes_ = np.arange(k) if k else label_array(model.labels)
        return self

    @in_parts
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        validation_data: Any = None,
    ) -> Self:
        """Train by one pass over these samples, continuing from the current state.

        With `early_stopping` each call evaluates after its pass, on `validation_data` or on a part
        of these samples. After more than `n_iter_no_change` calls without improvement the network
        is reset to the best of them, `stopped_early_` is True, and further calls do nothing.

        Args:
            X: see `fit`.
            y: see `fit`.
            sample_weight: see `fit`.
            classes: all classes of all calls; required in the first call.
            validation_data: see `fit`.
        """
        return self._fit(X, y, sample_weight, validation_data, classes, in_parts=True)

    def predict(self, X: Any) -> Array:
        """Return the class of each sample `(N,)`, or 0 or 1 for each label `(N, labels)`."""
        if hasattr(self, "model_"):
            answers: Array = self.model_.predict(samples(self, X))
            return answers
        return self._answers(self._logits(X))

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class `(N, classes)`, in the order of `classes_`."""
        if hasattr(self, "model_"):
            P: Array = self.model_.predict_proba(samples(self, X))
            return P
        Z = self._logits(X)
        if self.out_activation_ == "softmax":
            return SoftmaxCrossEntropy().probabilities(Z)
        loss = SigmoidCrossEntropy()
        return loss.both(Z) if self.n_outputs_ == 1 else loss.probabilities(Z)

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of the probabilities; −∞ for 0."""
        with np.errstate(divide="ignore"):
            log: Array = np.log(self.predict_proba(X))
        return log

    def _know(self, labels: Array, classes: Any, *, begin: bool, in_parts: bool) -> None:
        check_classification_targets(labels)
        multilabel = labels.ndim == 2
        if multilabel and labels.dtype.kind not in "biuf":
            raise DataError(
                f"Several labels for each sample are 0 or 1 each, but y is {labels.dtype} "
                f"{labels.shape}; use MultiLabelBinarizer, or MultiOutputClassifier."
            )
        if begin:
            if in_parts and classes is None and not multilabel:
                raise DataError(
                    "The first call of partial_fit needs all classes of all calls, in classes; "
                    "pass np.unique of all labels, for example."
                )
            self._multilabel = multilabel
            self.classes_ = self._all_classes(labels, classes)
            two = len(self.classes_) == 2 and not multilabel
            self.n_outputs_ = 1 if two else len(self.classes_)
            self.out_activation_ = "logistic" if two or multilabel else "softmax"
        elif multilabel != self._multilabel:
            raise DataError(
                f"y has the shape {labels.shape}, but the classifier was fitted to "
                f"{'several labels' if self._multilabel else 'one class'} for each sample; pass "
                "the same again, or fit again."
            )
        elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise DataError(
                f"classes are {classes} now, but were {self.classes_} before; all calls of "
                "partial_fit need the same, or none after the first."
            )

    def _all_classes(self, labels: Array, classes: Any) -> Array:
        if self._multilabel:
            return np.arange(labels.shape[1])
        found: Array = unique_labels(labels if classes is None else classes)
        return found

    def _targets(self, labels: Array) -> Array:
        if self._multilabel:
            return labels
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise DataError(
                f"y holds the classes {unknown}, but the classifier knows {self.classes_}; name "
                "all of them at the first partial_fit, or fit again without warm_start."
            )
        return np.searchsorted(self.classes_, labels)

    def _class_weights(self, labels: Array, weights: Array | None, in_parts: bool) -> Array | None:
        if self.class_weight is None:
            return weights
        if in_parts and self.class_weight == "balanced":
            raise SettingError(
                "class_weight='balanced' counts all samples, which partial_fit does not see; give "
                "a dictionary {class: weight}."
            )
        given = self.class_weight
        if given == "balanced":
            each = balanced(labels, weights)
        elif isinstance(given, dict) and labels.ndim == 1:
            known = {*labels.tolist()}  # a class of weight 0 may have no sample left
            each = by_class(labels, {k: w for k, w in given.items() if w or k in known})
        else:
            each = compute_sample_weight(given, labels)
        return each if weights is None else each * weights

    def _stratify(self, labels: Array) -> Array | None:
        return None if self._multilabel or self._in_parts else labels

    def _loss(self) -> Loss:
        if self.out_activation_ == "softmax":
            return SoftmaxCrossEntropy()
        each, K = SigmoidCrossEntropy(), self.n_outputs_
        return each if K == 1 else Scaled(each, K)  # the sum over labels

    def _answers(self, Z: Array) -> Array:
        if self._multilabel:
            return (Z > 0).astype(np.int64)
        numbers = Z.argmax(axis=1) if self.out_activation_ == "softmax" else (Z[:, 0] > 0)
        answers: Array = self.classes_[numbers.astype(np.int64)]
        return answers

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
