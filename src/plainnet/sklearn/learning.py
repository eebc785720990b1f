"""How an estimator learns: it follows the stream of epochs, keeps the curves, and may end it."""

import copy
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer

from plainnet.errors import DivergedError, SettingError
from plainnet.network import Array, Loss, Network
from plainnet.reports import show_progress
from plainnet.sklearn.building import make_optimizer, make_schedule, shuffling
from plainnet.sklearn.parameters import Parameters
from plainnet.sklearn.rows import as_rows
from plainnet.training import (
    Epoch,
    Epochs,
    InputPipeline,
    Optimizer,
    Regularization,
    Validation,
    keep_best,
    train,
)
from plainnet.training.lbfgs import minimize
from plainnet.training.streams import BestSoFar, values_of

SLOWEST = 1e-6
"""The learning rate at which "adaptive" gives up."""


@dataclass(frozen=True)
class Held:
    """Samples to measure on, which nothing is learned from."""

    X: Any
    y: Array
    """As the loss takes them."""
    labels: Array
    """As they were given."""
    weights: Array | None


class Learning(Parameters):
    """What is learned, and how it went."""

    network_: Network
    n_iter_: int
    t_: int
    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    stopped_early_: bool
    _metric: ClassVar[Any]
    _random_state: Any
    _optimizer: Optimizer
    _record: float
    _no_improvement_count: int
    _kept: BestSoFar
    _in_parts: bool

    def _loss(self) -> Loss:
        raise NotImplementedError

    def _answers(self, Z: Array) -> Array:
        raise NotImplementedError

    def _begin(self, network: Network) -> None:
        """Nothing has been learned yet."""
        self.network_, self._optimizer = network, make_optimizer(self)
        self.t_, self.loss_curve_, self._in_parts = 0, [], False
        self.validation_loss_curve_ = self.validation_scores_ = None

    def _begin_to_wait(self, *, in_parts: bool) -> None:
        """For something better: what was reached in an earlier `fit` does not count."""
        self.n_iter_, self.stopped_early_, self._in_parts = 0, False, in_parts
        self._record, self._no_improvement_count, self._kept = -math.inf, 0, BestSoFar()
        self.best_loss_ = self.best_validation_score_ = None

    def _renew_optimizer(self) -> None:
        """As the parameters are now; it goes on with what it remembers."""
        earlier, self._optimizer = self._optimizer, make_optimizer(self)
        if type(earlier) is type(self._optimizer):
            self._optimizer.restore(earlier.state())

    def _learn(self, X: Any, y: Array, weights: Array | None, held: Held | None) -> None:
        """Train by epochs, or by one where more samples will come."""
        n, network = X.shape[0], self.network_
        latest: dict[str, Array] = {}
        stream = self._stream(X, y, weights, held)
        try:
            for epoch in self._watched(stream):
                self.stopped_early_ = self._ends_with(epoch, n)
                if self.stopped_early_:
                    break
                if self.early_stopping and self._in_parts:
                    latest = {name: value.copy() for name, value in values_of(network).items()}
        except KeyboardInterrupt:
            self._warn(f"Training was interrupted after {self.n_iter_} epochs.", UserWarning)
        except DivergedError as error:
            if not self._kept.values:
                raise
            self.stopped_early_, latest = True, {}
            self._warn(f"{error} The network is that of the best epoch before.")
        finally:
            stream.close()
        if not self._in_parts:
            self._kept = BestSoFar()
        for name, value in latest.items():  # what comes next goes on from here, not from the best
            values_of(network)[name][...] = value
        ended = self.stopped_early_ or self._in_parts or self._scheduled()
        if self.n_iter_ == self.max_iter and not ended:
            self._warn_of_the_end()

    def _stream(self, X: Any, y: Array, weights: Array | None, held: Held | None) -> Epochs:
        """The training."""
        n, loss = X.shape[0], self._loss()
        size = min(200 if self.batch_size == "auto" else int(self.batch_size), n)
        stream = train(
            self.network_,
            loss,
            self._optimizer,
            as_rows(X),
            y,
            epochs=1 if self._in_parts else self.max_iter,
            batch_size=size,
            weights=weights,
            schedule=make_schedule(self, self.max_iter * -(-n // size), self._optimizer.t),
            validation=self._watch(loss, held),
            pipeline=InputPipeline(
                order=shuffling(self._random_state) if self.shuffle else np.arange
            ),
            regularization=Regularization(l2=self.alpha, clip_norm=self.clip_norm),
        )
        if not self.early_stopping:
            return stream
        best: dict[str, Any] = {"metric": "validation_score", "best": "highest"}
        return keep_best(stream, self.network_, kept=self._kept, **best)

    def _scheduled(self) -> bool:
        """Whether a schedule, which falls when it is to fall, says where the training ends."""
        return self.learning_rate not in ("constant", "invscaling", "adaptive")

    def _warn_of_the_end(self) -> None:
        self._warn(
            f"max_iter={self.max_iter} ended the training before nothing got better any more (by "
            f"tol={self.tol:g} in {self.n_iter_no_change} epochs); raise max_iter or "
            "learning_rate_init, or scale the features."
        )

    def _watched(self, stream: Epochs) -> Iterable[Epoch]:
        """The stream, looked at by whoever wants to."""
        if self.verbose == "bar":
            stream = show_progress(stream, self.max_iter)
        return stream if self.consumer is None else self.consumer(stream)

    def _ends_with(self, epoch: Epoch, n: int) -> bool:
        """Take an epoch over n samples into the curves; whether training ends with it."""
        self.n_iter_, self.loss_ = epoch.number, epoch.loss
        self.t_ += n
        self.loss_curve_.append(epoch.loss)
        self._say(f"Iteration {epoch.number}, loss = {epoch.loss:.8f}")
        if epoch.validation:
            self._take_in(epoch.validation["loss"], epoch.validation["score"])
        value = epoch.validation["score"] if self.early_stopping else -epoch.loss
        better = value >= self._record + self.tol
        self._no_improvement_count = 0 if better else self._no_improvement_count + 1
        if value > self._record:
            self._record = value
        if not self.early_stopping:
            self.best_loss_ = -self._record
        return self._waited_enough()

    def _take_in(self, loss: float, score: float) -> None:
        """What was measured on what is held out."""
        if self.validation_scores_ is None or self.validation_loss_curve_ is None:
            self.validation_loss_curve_, self.validation_scores_ = [], []
        self.validation_loss_curve_.append(loss)
        self.validation_scores_.append(score)
        best = -math.inf if self.best_validation_score_ is None else self.best_validation_score_
        self.best_validation_score_ = score if score > best else best  # not if it is no number
        self._say(f"Validation loss = {loss:.8f}, score = {score:.6f}")

    def _waited_enough(self) -> bool:
        """Whether there was nothing better for too long; "adaptive" goes on with smaller steps."""
        if self.learning_rate == "invscaling":
            rate = self.learning_rate_init / (self.t_ + 1) ** self.power_t
            self._optimizer.learning_rate = float(rate)
        if self._no_improvement_count <= self.n_iter_no_change:
            return False
        if self.learning_rate == "adaptive" and self._optimizer.learning_rate > SLOWEST:
            self._optimizer.learning_rate /= 5
            self._no_improvement_count = 0
            self._say(f"Learning rate = {self._optimizer.learning_rate:.3g}")
            return False
        if not self.early_stopping and (self._in_parts or self._scheduled()):
            return False  # other samples, another loss; or the rate has yet to fall
        what = "score" if self.early_stopping else "loss"
        waited = f"{self.n_iter_no_change} epochs"
        self._say(f"The {what} did not get better by {self.tol:g} in {waited}: the end.")
        return True

    def _watch(self, loss: Loss, held: Held | None) -> Validation | None:
        if held is None:
            return None
        metrics = self._metrics(loss.measured, held)
        return Validation(as_rows(held.X), held.y, held.weights, metrics)

    def _metrics(self, loss: Loss, held: Held) -> Callable[..., Mapping[str, float]]:
        """What is measured on what is held out: the loss, and the score, where higher is better."""
        scorer = self.scoring
        if isinstance(scorer, str) and scorer != "loss":
            scorer = get_scorer(scorer)
        twin: Any = copy.copy(self)
        vars(twin).pop("feature_names_in_", None)  # its X is an array by now, without names
        weighted = {} if held.weights is None else {"sample_weight": held.weights}

        def metrics(Z: Array, y: Array, weights: Array | None = None) -> Mapping[str, float]:
            J = loss.value_and_grad(Z, y, weights)[0]
            if scorer == "loss":
                score = -J
            elif not np.isfinite(Z).all():
                score = math.nan
            elif scorer is None:
                score = self._metric(held.labels, self._answers(Z), **weighted)
            else:
                score = scorer(twin, held.X, held.labels, **weighted)
            return {"loss": J, "score": float(score)}

        return metrics

    def _learn_at_once(self, X: Any, y: Array, weights: Array | None, held: Held | None) -> None:
        """Train by L-BFGS."""
        self._check_at_once(held)

        def each(J: float) -> None:
            self.loss_curve_.append(J)
            self.t_ += X.shape[0]
            self._say(f"Iteration {len(self.loss_curve_)}, loss = {J:.8f}")

        found = minimize(
            self.network_,
            self._loss(),
            as_rows(X),
            y,
            weights=weights,
            l2=self.alpha,
            iterations=self.max_iter,
            evaluations=self.max_fun,
            tolerance=self.tol,
            each=each,
        )
        self.n_iter_, self.loss_, self.best_loss_ = found.iterations, found.loss, found.loss
        if not found.converged:
            self._warn(
                f"L-BFGS ended after {found.iterations} iterations, before the gradient was flat "
                f"({found.message}); raise max_iter or max_fun, or scale the features."
            )

    def _check_at_once(self, held: Held | None) -> None:
        """Refuse what has no meaning for L-BFGS."""
        unfit = {
            "dropout": self.dropout > 0,
            "normalization='batch'": self.normalization == "batch",
            "validation_data": held is not None,
            "consumer": self.consumer is not None,
        }
        for name in (name for name, given in unfit.items() if given):
            raise SettingError(
                f"{name} needs a training of batches and epochs, but solver='lbfgs' takes all "
                "samples at each step; choose solver='adam', say."
            )

    def _say(self, line: str) -> None:
        if self.verbose and self.verbose != "bar":
            print(line)

    def _warn(self, message: str, kind: type[Warning] = ConvergenceWarning) -> None:
        warnings.warn(message, kind, stacklevel=2)
