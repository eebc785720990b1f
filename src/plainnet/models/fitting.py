"""How a learner learns: its data parted, its network made, its training watched and kept."""

from __future__ import annotations

from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from plainnet.data import Dataset
from plainnet.errors import DivergedError, SettingError
from plainnet.files.model_file import LARGEST
from plainnet.models.checkpoint import Checkpoint, Training, fingerprint
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.recipe import Recipe
from plainnet.network import Array, Network, Rng
from plainnet.pictures.augment.augmentation import augmentation_of
from plainnet.pictures.augment.augmented import Augmented
from plainnet.training import (
    Checkpointing,
    Epochs,
    InputPipeline,
    Regularization,
    Validation,
    keep_best,
    stop_early,
    train,
)
from plainnet.training.trainer import Training as Stream

if TYPE_CHECKING:
    from plainnet.models.learner import Learner


def fit_epochs(
    learner: Learner,
    train_set: Dataset,
    watch: Dataset | None,
    checkpoint: Checkpoint | None,
) -> Epochs:
    """Train a learner by its recipe; see `Learner.fit_epochs`.

    Args:
        learner: gets the data, the preprocessing, the network and the history.
        train_set: what to learn from; a part of it is held out where there is no `watch`.
        watch: what the training is watched on.
        checkpoint: where it is written, and gone on from.
    """
    recipe = learner.settled
    _check_varied(learner, train_set)
    split_rng = np.random.default_rng(recipe.seed).spawn(3)[2]
    if watch is None:
        train_set, watch = _parted(learner, train_set, split_rng)
    learner.check_settings(train_set, watch is not None)
    learner.begin(train_set, watch, _preprocessing(learner, train_set))
    data = fingerprint(train_set, watch) if checkpoint else ""
    training, epochs = _start(learner, checkpoint, data)
    stream = _one_by_one(learner, checkpoint, data, training, epochs)
    return Stream(_locked(checkpoint, epochs, stream), epochs)


def _locked(checkpoint: Checkpoint | None, epochs: Epochs, stream: Epochs) -> Epochs:
    """The stream that is made of the epochs, in whose time no other can write the checkpoint."""
    lock = checkpoint.locked() if checkpoint else nullcontext()
    with closing(epochs), lock, closing(stream):
        yield from stream


def _one_by_one(
    learner: Learner,
    checkpoint: Checkpoint | None,
    data: str,
    training: Training,
    epochs: Epochs,
) -> Epochs:
    """Train the networks of the ensemble, of which the first has been started."""
    try:
        yield from _watched(epochs, learner, training, checkpoint)
        while len(learner.earlier) + 1 < learner.recipe.ensemble:
            if checkpoint and checkpoint.stopping:
                break
            learner.earlier.append(learner.members[-1])
            training, epochs = _start(learner, checkpoint, data)
            yield from _watched(epochs, learner, training, checkpoint)
    finally:
        n = training.position.epochs
        useless = n == 0 or not has_sound_weights(learner)
        if useless and learner.earlier:
            del learner.history[len(learner.history) - n :]
            learner.network, learner.temperature = learner.earlier.pop()
        if learner.history and _is_sound(learner):
            learner.end_training()


def _start(learner: Learner, checkpoint: Checkpoint | None, data: str) -> tuple[Training, Epochs]:
    """Begin to train one network, or go on with it."""
    recipe, number = learner.settled, len(learner.earlier)
    train_set, watch = cast(Dataset, learner.training), learner.validation
    weights_rng, order_rng, _, augment_rng = _generators(recipe, number)
    learner.begin_network(weights_rng)
    optimizer = recipe.make_optimizer(learner.preprocessing.mean.size)
    steps = recipe.epochs * -(-len(train_set) // recipe.batch_size)
    schedule = recipe.make_schedule(optimizer.learning_rate, steps)
    generators = {"order": order_rng, "augmentation": augment_rng}
    history, earlier = learner.history, learner.earlier
    training = Training(learner.network, optimizer, generators, recipe, data, history, earlier)
    training.average, training.watched = recipe.make_average(), watch is not None
    if checkpoint:
        checkpoint.attach(training)
    epochs = train(
        learner.network,
        learner.loss,
        optimizer,
        train_set.X,
        learner.targets(train_set),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        rng=order_rng,
        weights=learner.weights_for(train_set),
        schedule=schedule,
        validation=_validation(learner, watch),
        pipeline=_pipeline(learner, train_set, augment_rng),
        regularization=Regularization(
            clip_norm=recipe.clip_norm, max_norm=recipe.max_norm, average=training.average
        ),
        checkpointing=Checkpointing(
            training.position, checkpoint.should_stop if checkpoint else lambda: False
        ),
    )
    return training, epochs


def _validation(learner: Learner, watch: Dataset | None) -> Validation | None:
    if watch is None:
        return None
    return Validation(watch.X, learner.targets(watch), watch.weights, learner.figures)


def network_at_start(learner: Learner) -> Network | None:
    """The learner's network before its first step, drawn again; None if too little is known."""
    if "settled" not in learner.trained:
        return None
    recipe = Recipe.of(learner.recipe.to_dict() | learner.trained["settled"])
    weights_rng = _generators(recipe, len(learner.earlier))[0]
    return recipe.make_network(learner.preprocessing.mean.size, learner.n_out, weights_rng)


def _generators(recipe: Recipe, number: int) -> list[Rng]:
    """For the weights, the order, the split and the augmentation of a network of the ensemble."""
    return np.random.default_rng([recipe.seed, number] if number else recipe.seed).spawn(4)


def _parted(learner: Learner, train_set: Dataset, rng: Rng) -> tuple[Dataset, Dataset | None]:
    """What is learned from, and what is held out to watch it."""
    recipe = learner.settled
    if recipe.patience and not recipe.validation_share:
        raise SettingError(
            "To stop early with a patience, a training needs validation data, but there is "
            "none; give some, or a validation share above 0."
        )
    if not recipe.validation_share:
        return train_set, None
    kept, held_out = learner.split(train_set, recipe.validation_share, rng)
    return (train_set.take(kept), train_set.take(held_out)) if len(held_out) else (train_set, None)


def _preprocessing(learner: Learner, train_set: Dataset) -> Preprocessing:
    """What is fitted to the training samples, unless they are on one scale already."""
    if train_set.extractor is not None and train_set.extractor.is_standardized:
        return Preprocessing.none(train_set.X.shape[1])
    augment = learner.settled.augment if train_set.is_pictures else "none"
    varied = augmentation_of(augment).changes_pictures
    return Preprocessing.fit(train_set.X, train_set.weights, varied=varied)


def _check_varied(learner: Learner, train_set: Dataset) -> None:
    """A SettingError where pictures were to be varied and there are none."""
    augment = learner.recipe.augment
    if train_set.is_pictures or augment in ("auto", "none"):
        return
    kind = train_set.extractor.kind if train_set.extractor else ""
    seen = {"": "feature vectors", "table": "the rows of a table"}.get(kind, "ready-made features")
    raise SettingError(
        f"augment = {augment!r} varies pictures, each epoch anew, but the network is to learn from "
        f"{seen}; leave it out."
    )


def _pipeline(learner: Learner, train_set: Dataset, rng: Rng) -> InputPipeline:
    """What samples go through: the preprocessing, and changes where pictures are to be varied."""
    if not train_set.is_pictures:
        return InputPipeline(learner.preprocessing)
    augmentation = augmentation_of(learner.settled.augment, train_set.X)
    shape, prepare = train_set.X.shape[1:], learner.preprocessing
    n_classes, dtype = len(train_set.classes), learner.network.dtype

    def mix(X: Array, y: Array) -> tuple[Array, Array]:
        if y.ndim == 1:  # class numbers as probabilities
            y = np.eye(n_classes, dtype=dtype)[y]
        return augmentation.mix(X, y, rng)

    varied = augmentation.changes_pictures
    return InputPipeline(
        prepare,
        augment=Augmented(augmentation, shape, prepare, rng) if varied else None,
        mix=mix if augmentation.mix_up else None,
    )


def _watched(
    stream: Epochs, learner: Learner, training: Training, checkpoint: Checkpoint | None
) -> Epochs:
    """The stream with its history, ended early if so wished, its network left as kept."""
    network, kept = learner.network, training.kept
    if learner.stops_early:
        own = len(learner.history) - training.position.epochs
        patience, past = learner.recipe.patience, tuple(learner.history[own:])
        stream = stop_early(stream, patience=patience, past=past)
        stream = keep_best(stream, network, kept=kept, average=training.average)
    else:  # the last whole epoch, also where Ctrl-C cuts the next one short
        latest: dict[str, Any] = {"metric": "epoch", "best": "highest"}
        stream = keep_best(stream, network, **latest, kept=kept, average=training.average)
    try:
        with closing(stream):
            for epoch in stream:
                learner.history.append(epoch)
                if checkpoint:
                    checkpoint.end_epoch()
                yield epoch
    finally:
        if learner.history and _is_sound(learner):
            learner.end_network()
    if learner.history and not _is_sound(learner):
        rate = learner.history[-1].learning_rate
        raise DivergedError(
            "The last step of the training left the finite numbers, with learning rate "
            f"{rate:g}; try {rate / 10:g}, or clip_norm=1."
        )


def has_sound_weights(learner: Learner) -> bool:
    """Whether its weights are such that a model file may hold them."""
    return bool(np.abs(learner.network.theta).max(initial=0) <= LARGEST)  # NaN is not


def _is_sound(learner: Learner) -> bool:
    figures = [*learner.history[-1].as_row().values()]
    return has_sound_weights(learner) and bool(np.isfinite(figures).all())
