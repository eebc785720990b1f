"""The model: inputs → networks → answers, with the recipe and the history of its training.

It only answers. What users call is `TrainableModel`, which adds training, evaluation and files.
Both import what a method needs when it is called, so that `from plainnet import Classifier` loads
little more than NumPy.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from plainnet.display import Displayed
from plainnet.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from plainnet.data import Dataset, Extractor
    from plainnet.metrics.evaluation import Evaluation
    from plainnet.models.answers import Answers
    from plainnet.models.ensemble import EnsembleMember
    from plainnet.models.inputs import Inputs
    from plainnet.models.preprocessing import Preprocessing
    from plainnet.models.recipe import Recipe, ResolvedRecipe
    from plainnet.models.refusal import Refusal
    from plainnet.models.samples import Samples
    from plainnet.network import Array, Loss, Network
    from plainnet.tables import TableEncoder
    from plainnet.training import Epoch

    Rows = Sequence[Array] | None

ALL = slice(None)


class Model(Displayed):
    """Inputs, networks and answers, with the facts of their training."""

    inputs: Inputs
    """What the model takes, and how the networks' inputs are made of it."""
    networks: list[EnsembleMember]
    """The networks, in order of their training; their answers are averaged. Most often it is one.
    """
    answers: Answers
    """The meaning of the networks' outputs."""
    recipe: Recipe
    """The recipe of the training, past or future."""
    resolved_recipe: ResolvedRecipe
    """The recipe with every `auto` resolved by the latest training."""

    def __init__(self) -> None:
        from plainnet.training import History

        self.answers = self.answers_type()
        self.history: list[Epoch] = History()
        """One record per epoch; a loaded model has none."""
        self.training: Dataset | None = None
        """The training samples; None for a loaded model."""
        self.validation: Dataset | None = None
        """The validation samples, given or held out; None for a loaded model."""
        self.held_out: Array | None = None
        """The indices of the given samples that were held out, `(n,)`; None if none were."""
        self.folds: list[Array] | None = None
        """The rows of `training` that each network held out; None if they did not differ."""
        self.quality: dict[str, Any] = {}
        """The evaluations, by the names of their data; the model file contains them."""
        self.stored: Mapping[str, Any] = {}
        """The facts of the training in the file of a loaded model."""
        self.refusal: Refusal | None = None
        """What a classifier knows about when to withhold an answer; None: nothing."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Raise a sentence for attributes that exist only after training."""
            if name in ("inputs", "networks", "resolved_recipe"):
                raise AttributeError(self._untrained())
            return object.__getattribute__(self, name)  # raises the usual error

    @property
    @abstractmethod
    def answers_type(self) -> type[Answers]:
        """The kind of answers to one target."""

    @property
    @abstractmethod
    def several_type(self) -> type[Answers]:
        """The kind of answers to several targets."""

    def answers_type_for(self, data: Dataset) -> type[Answers]:
        """Return the kind of answers to these data."""
        return self.several_type if data.targets else self.answers_type

    # -- its parts -------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """`classifier` or `regressor`."""
        return self.answers.kind

    @property
    def network(self) -> Network:
        """The network; of an ensemble the last one."""
        return self.networks[-1].network

    @property
    def temperature(self) -> float:
        """The divisor of the logits, fitted so that 80 of 100 answers with P = 80 % are right."""
        return self.networks[-1].temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self.networks = [*self.networks[:-1], self.networks[-1]._replace(temperature=value)]

    @property
    def loss(self) -> Loss:
        """The loss of the latest network's training."""
        return self.loss_of(self.recipe_of(len(self.networks) - 1), self.network)

    def loss_of(self, recipe: ResolvedRecipe, network: Network) -> Loss:
        """Return the loss of a network's training by its own recipe."""
        from plainnet.network import MeanOverMembers, MemberMean

        loss, last = self.answers.loss(recipe), network.layers[-1]
        if not isinstance(last, MemberMean):
            return loss
        return MeanOverMembers(loss, last.members, last.n)

    @property
    def preprocessing(self) -> Preprocessing:
        """The map from raw samples to the networks' inputs."""
        return self.inputs.preprocessing

    @property
    def extractor(self) -> Extractor | None:
        """The extractor that makes feature vectors of the samples, if there is one."""
        return self.inputs.extractor

    @property
    def columns(self) -> TableEncoder | None:
        """The encoder of a table's columns, if the model was trained on a table."""
        return self.inputs.columns

    @property
    def picture_shape(self) -> tuple[int, ...]:
        """The (height, width, channels) of pictures as the model sees them; () without pictures."""
        return self.inputs.picture_shape

    @property
    def trained_on(self) -> str:
        """The word for the training samples: `pictures`, `a table` or `feature vectors`."""
        return self.inputs.trained_on

    # -- its training ----------------------------------------------------------------------------

    @property
    def is_trained(self) -> bool:
        """Whether the model can answer."""
        return "networks" in vars(self)

    def check_trained(self) -> None:
        """Raise a SettingError if the model is not trained."""
        if not self.is_trained:
            raise SettingError(self._untrained())

    def _untrained(self) -> str:
        return f"This {self.kind} is not trained yet; call fit(…) first."

    @property
    def stops_early(self) -> bool:
        """Whether the training ends when its validation loss stops improving."""
        return self.resolved_recipe.patience > 0 and self.validation is not None

    @property
    def best_epoch(self) -> Epoch | None:
        """The epoch whose parameters were kept; None before training."""
        if not self.history:
            return None
        if not self.stops_early:
            return self.history[-1]
        recipe, metric = self.resolved_recipe, self.answers.stopping_metric
        values = [epoch[metric] for epoch in self.latest_history]
        return self.latest_history[recipe.kept_of(values)]

    @property
    def latest_history(self) -> list[Epoch]:
        """The records of the latest network; without an ensemble all."""
        return self.history[-self.history[-1].number :] if self.history else []

    @property
    def trained(self) -> Mapping[str, Any]:
        """Facts of the training, also of a loaded model; {} if there are none.

        They are the highest `learning_rate`, the `epochs` of the latest network and the one that
        was kept (`kept_epoch`), `settled`, the choices where the recipe leaves them open, and
        `samples`, the size of each part, per class if there are classes: `{"training": [50, 60],
        …}`.
        """
        best = self.best_epoch
        if best is None:
            return self.stored
        parts = {"training": self.training, "validation": self.validation}
        return {
            "learning_rate": self.resolved_recipe.make_optimizer(self.inputs.n_in).learning_rate,
            "epochs": len(self.latest_history),
            "kept_epoch": best.number,
            "settled": self.resolved_recipe.chosen(self.recipe),
            "samples": {name: self.answers.counts(part) for name, part in parts.items() if part},
        }

    def fold_of(self, number: int) -> Array:
        """Return the rows of the training samples that a network held out, counted from 0."""
        folds = self.folds or []
        return folds[number] if number < len(folds) else np.empty(0, int)

    def validation_of(self, number: int) -> Dataset | None:
        """Return the samples that a network is validated on, counted from 0."""
        if self.folds is None or self.training is None:
            return self.validation
        return self.training.take(self.fold_of(number))

    def recipe_of(self, number: int) -> ResolvedRecipe:
        """Return the settings of a network, counted from 0."""
        return self.resolved_recipe.of_network(number, self.recipe)

    def held_out_rows(self, samples: Samples) -> list[Array] | None:
        """Return the rows that each network held out; None: the networks did not learn from any.

        They are known for the model's own `validation` samples, if its networks held out different
        folds.
        """
        if self.folds is None or samples is not self.validation:
            return None
        rows = np.unique(np.concatenate(self.folds))
        return [np.searchsorted(rows, fold) for fold in self.folds]

    # -- answering -------------------------------------------------------------------------------

    def mean_answers(self, samples: Samples, loaded: bool = False) -> Array:
        """Return the mean of the networks' answers.

        For the model's own `validation` samples, if its networks held out different folds, it is
        the mean over those that did not learn from the sample.

        Args:
            samples: as `predict` takes them.
            loaded: see `logits`. What a training chooses or measures does not depend on it.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture cannot be read.
            DivergedError: the answers are not finite.
            SettingError: the model is not trained.
        """
        self.check_trained()
        return self.answers_of(self.inputs.raw(samples), self.held_out_rows(samples), loaded=loaded)

    def measure(self, data: Dataset, A: Array) -> Evaluation:
        """Evaluate mean answers to samples; intervals not on the samples that they were made of.

        Raises:
            DataError: the model has not learned the class of a sample.
        """
        own = data is self.validation
        return (self.answers.without_intervals() if own else self.answers).measure(data, A)

    def answers_of(
        self, raw: Array, rows: Rows = None, some: slice = ALL, loaded: bool = False
    ) -> Array:
        """Return the mean of the networks' answers to raw rows.

        Args:
            raw: the rows.
            rows: the indices of those that each network answers; None: all.
            some: which networks answer.
            loaded: see `logits`.
        """
        from plainnet.models.ensemble import check_finite, mean_answers

        answer = partial(self.answer_of, loaded=loaded)
        with np.errstate(over="ignore", invalid="ignore"):
            A = mean_answers(self.networks[some], answer, raw, rows)
            A = self.answers.of_mean(A, held_out=rows is not None)
        return check_finite(A)

    def answer_of(self, member: EnsembleMember, raw: Array, loaded: bool = False) -> Array:
        """Return one network's answers to raw rows."""
        from plainnet.training import logits

        Z = logits(member.network, raw, prepare=self.inputs.prepares, loaded=loaded)
        return self.answers.from_outputs(Z, member.temperature)
