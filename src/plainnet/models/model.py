"""A model: inputs → networks → answers, with the recipe and the history of its training.

It answers. What trains, measures, explains, saves and exports it takes it from here; what users
call is `TrainableModel`, above.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from plainnet.data import Dataset, Extractor
from plainnet.errors import DivergedError, SettingError
from plainnet.models.answers import Answers
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.inputs import Inputs
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.recipe import Recipe, ResolvedRecipe
from plainnet.models.samples import Samples
from plainnet.network import Array, Loss, Network
from plainnet.training import Epoch, logits

if TYPE_CHECKING:
    from plainnet.tables import TableEncoder


class Model:
    """Inputs, networks and answers, and what is known of their training."""

    answers_type: ClassVar[type[Answers]]
    """What is answered, before training."""
    inputs: Inputs
    """What is taken, and how the networks' inputs are made of it."""
    networks: list[EnsembleMember]
    """The networks whose answers are averaged, in the order of their training; most often one."""
    answers: Answers
    """What the networks' outputs mean."""
    recipe: Recipe
    """How it was trained, or will be if it has not been."""
    resolved_recipe: ResolvedRecipe
    """The recipe as the latest training took it; a loaded model has none."""

    def __init__(self) -> None:
        self.answers = self.answers_type()
        self.history: list[Epoch] = []
        """One record an epoch; of a loaded one empty."""
        self.training: Dataset | None = None
        """What it was trained on; of a loaded one None."""
        self.validation: Dataset | None = None
        """What the training was watched on, given or held out; of a loaded one None."""
        self.held_out: Array | None = None
        """Which of the samples it was given were held out, `(n,)`; None if none were."""
        self.quality: dict[str, Any] = {}
        """What was measured, by the name of the data; travels in the model file."""
        self.stored: Mapping[str, Any] = {}
        """Of a loaded one, what its file says of its training."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """What is there after training only is missed with a sentence."""
            if name in ("inputs", "networks", "resolved_recipe"):
                raise AttributeError(self._untrained())
            return object.__getattribute__(self, name)  # which raises what is usual

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
        """Logits are divided by it, so that a probability of 80 % is right in 80 of 100 cases."""
        return self.networks[-1].temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self.networks = [*self.networks[:-1], EnsembleMember(self.network, value)]

    @property
    def loss(self) -> Loss:
        """What is minimized."""
        return self.answers.loss(self.recipe)

    @property
    def preprocessing(self) -> Preprocessing:
        """From raw samples to the networks' inputs."""
        return self.inputs.preprocessing

    @property
    def extractor(self) -> Extractor | None:
        """What makes feature vectors of what is handed in, if something does."""
        return self.inputs.extractor

    @property
    def columns(self) -> TableEncoder | None:
        """What makes features of a table, if it was trained on one."""
        return self.inputs.columns

    @property
    def picture_shape(self) -> tuple[int, ...]:
        """Of the pictures that it sees, (height, width, channels); () if it sees none."""
        return self.inputs.picture_shape

    @property
    def trained_on(self) -> str:
        """What kind of samples it was trained on: `pictures`, `a table` or `feature vectors`."""
        return self.inputs.trained_on

    # -- its training ----------------------------------------------------------------------------

    @property
    def is_trained(self) -> bool:
        """Whether it can answer."""
        return "networks" in vars(self)

    def check_trained(self) -> None:
        """Raise a SettingError if nothing has been learned yet."""
        if not self.is_trained:
            raise SettingError(self._untrained())

    def _untrained(self) -> str:
        return f"This {self.kind} has not learned anything yet; call fit(…) first."

    @property
    def stops_early(self) -> bool:
        """Whether the training ends when its validation loss does not get lower any more."""
        return self.recipe.patience > 0 and self.validation is not None

    @property
    def best_epoch(self) -> Epoch | None:
        """The epoch whose parameters were kept; None before training."""
        if not self.history:
            return None
        if not self.stops_early:
            return self.history[-1]
        return min(reversed(self.latest_history), key=lambda epoch: epoch["validation_loss"])

    @property
    def latest_history(self) -> list[Epoch]:
        """Of an ensemble, the records of its latest network only; else all."""
        return self.history[-self.history[-1].number :] if self.history else []

    @property
    def trained(self) -> Mapping[str, Any]:
        """What is known of its training, also of a loaded one's; {} if nothing is.

        The highest `learning_rate` that was used, how many `epochs` the latest network learned and
        which of them was kept (`kept_epoch`), `settled`, what was chosen where the recipe leaves it
        open, and `samples`, how many each part had, of each class if there are classes:
        `{"training": [50, 60], …}`.
        """
        best = self.best_epoch
        if best is None:
            return self.stored
        parts = {"training": self.training, "validation": self.validation}
        return {
            "learning_rate": self.recipe.make_optimizer(self.inputs.n_in).learning_rate,
            "epochs": len(self.latest_history),
            "kept_epoch": best.number,
            "settled": self.resolved_recipe.chosen(self.recipe),
            "samples": {name: self.answers.counts(part) for name, part in parts.items() if part},
        }

    # -- answering -------------------------------------------------------------------------------

    def mean_answers(self, samples: Samples) -> Array:
        """The mean of the networks' answers.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture that cannot be read.
            DivergedError: the answers are no finite numbers.
            SettingError: nothing has been learned yet.
        """
        self.check_trained()
        return self.answers_of(self.inputs.raw(samples))

    def answers_of(self, raw: Array) -> Array:
        """The mean of the networks' answers for raw rows, as the preprocessing takes them."""
        with np.errstate(over="ignore", invalid="ignore"):
            A = self.answer_of(self.networks[0], raw)
            for member in self.networks[1:]:
                A += self.answer_of(member, raw)
            A /= A.dtype.type(len(self.networks))
        if not np.isfinite(A).all():
            raise DivergedError(
                "The network has weights so large that its answers are no finite numbers; train it "
                "anew with a lower learning rate, or leave out samples with extreme values."
            )
        return A

    def answer_of(self, member: EnsembleMember, raw: Array) -> Array:
        """One network's answers, which can be averaged."""
        Z = logits(member.network, raw, prepare=self.inputs.preprocessing)
        return self.answers.from_outputs(Z, member.temperature)

    def outputs_of(self, raw: Array) -> Array:
        """The outputs of the network, of an ensemble of the last one, `(N, n_out)`."""
        return logits(self.network, raw, prepare=self.inputs.preprocessing)
