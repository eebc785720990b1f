"""How a classifier learns: its data parted, its network made, its training watched and kept."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from plainnet.classifier.checkpoint import Checkpoint, Training, fingerprint
from plainnet.classifier.decision import check_decision, decide
from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Settled
from plainnet.errors import DivergedError, SettingError
from plainnet.network import Array, Rng
from plainnet.pictures import Dataset, stratified_split
from plainnet.pictures.augmentation import augmentation_of
from plainnet.pictures.augmented import Augmented
from plainnet.training import Epochs, keep_best, logits, stop_early, train
from plainnet.training.calibration import fit_temperature

if TYPE_CHECKING:
    from plainnet.classifier.classifier import Classifier

ENOUGH = 30
"""Validation samples that a temperature is fitted to, at least."""


def fit_epochs(
    classifier: Classifier,
    train_set: Dataset,
    watch: Dataset | None,
    checkpoint: Checkpoint | None,
) -> Epochs:
    """Train a classifier by its recipe; see `Classifier.fit_epochs`.

    Args:
        classifier: gets the data, the preprocessing, the network and the history.
        train_set: what to learn from; a part of it is held out where there is no `watch`.
        watch: what the training is watched on.
        checkpoint: where it is written, and gone on from.
    """
    recipe = classifier.settled
    split_rng = np.random.default_rng(recipe.seed).spawn(3)[2]
    if watch is None:
        train_set, watch = _parted(train_set, recipe, split_rng)
    check_decision(recipe, train_set.classes, watch is not None)
    classifier.begin(train_set, watch, Preprocessing.fit(train_set.X))
    data = fingerprint(train_set, watch) if checkpoint else ""
    first = _start(classifier, checkpoint, data)
    return _one_by_one(classifier, checkpoint, data, *first)


def _one_by_one(
    classifier: Classifier,
    checkpoint: Checkpoint | None,
    data: str,
    training: Training,
    stream: Epochs,
) -> Epochs:
    """Train the networks of the ensemble, of which the first has been started."""
    try:
        yield from stream
        while len(classifier.earlier) + 1 < classifier.recipe.ensemble:
            if checkpoint and checkpoint.stopping:
                break
            classifier.earlier.append(classifier.members[-1])
            training, stream = _start(classifier, checkpoint, data)
            yield from stream
    finally:
        epochs = training.position.epochs
        useless = epochs == 0 or not np.isfinite(classifier.network.theta).all()
        if useless and classifier.earlier:
            del classifier.history[len(classifier.history) - epochs :]
            classifier.network, classifier.temperature = classifier.earlier.pop()
        if classifier.history and _is_sound(classifier):
            decide(classifier)


def _start(
    classifier: Classifier, checkpoint: Checkpoint | None, data: str
) -> tuple[Training, Epochs]:
    """Begin to train one network, or go on with it."""
    recipe, number = classifier.settled, len(classifier.earlier)
    train_set, watch = cast(Dataset, classifier.training), classifier.validation
    root = np.random.default_rng([recipe.seed, number] if number else recipe.seed)
    weights_rng, order_rng, _, augment_rng = root.spawn(4)
    classifier.begin_network(weights_rng)
    optimizer = recipe.make_optimizer(classifier.preprocessing.mean.size)
    steps = recipe.epochs * -(-len(train_set) // recipe.batch_size)
    schedule = recipe.make_schedule(optimizer.learning_rate, steps)
    generators = {"order": order_rng, "augmentation": augment_rng}
    history, earlier = classifier.history, classifier.earlier
    training = Training(classifier.network, optimizer, generators, recipe, data, history, earlier)
    training.average = recipe.make_average()
    if checkpoint:
        checkpoint.attach(training)
    stream = train(
        classifier.network,
        classifier.loss,
        optimizer,
        train_set.X,
        train_set.y,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        rng=order_rng,
        weights=recipe.weights_for(train_set.y),
        schedule=schedule,
        clip_norm=recipe.clip_norm,
        max_norm=recipe.max_norm,
        average=training.average,
        validation=(watch.X, watch.y) if watch else None,
        prepare=classifier.preprocessing,
        **_varied(classifier, train_set, augment_rng),
        position=training.position,
        between=checkpoint.between if checkpoint else None,
    )
    return training, _watched(stream, classifier, training, checkpoint)


def _parted(train_set: Dataset, recipe: Settled, rng: Rng) -> tuple[Dataset, Dataset | None]:
    """What is learned from, and what is held out to watch it."""
    if recipe.patience and not recipe.validation_share:
        raise SettingError(
            "To stop early with a patience, a training needs validation data, but there is "
            "none; give some, or a validation share above 0."
        )
    if not recipe.validation_share:
        return train_set, None
    kept, held_out = stratified_split(train_set.y, recipe.validation_share, rng)
    return (train_set.take(kept), train_set.take(held_out)) if len(held_out) else (train_set, None)


def _varied(classifier: Classifier, train_set: Dataset, rng: Rng) -> dict[str, Any]:
    """`augment` and `mix` of `train`, where pictures are to be varied."""
    if not train_set.is_pictures:
        return {}
    augmentation = augmentation_of(classifier.settled.augment, train_set.X)
    shape, prepare = train_set.X.shape[1:], classifier.preprocessing
    n_classes, dtype = len(train_set.classes), classifier.network.dtype

    def mix(X: Array, y: Array) -> tuple[Array, Array]:
        if y.ndim == 1:  # class numbers as probabilities
            y = np.eye(n_classes, dtype=dtype)[y]
        return augmentation.mix(X, y, rng)

    varied: dict[str, Any] = {"mix": mix} if augmentation.mix_up else {}
    if augmentation.changes_pictures:
        varied["augment"] = Augmented(augmentation, shape, prepare, rng)
    return varied


def _watched(
    stream: Epochs, classifier: Classifier, training: Training, checkpoint: Checkpoint | None
) -> Epochs:
    """The stream with its history, ended early if so wished, its network left as kept."""
    network, kept = classifier.network, training.kept
    if classifier.stops_early:
        own = len(classifier.history) - training.position.epochs
        patience, past = classifier.recipe.patience, tuple(classifier.history[own:])
        stream = stop_early(stream, patience=patience, past=past)
        stream = keep_best(stream, network, kept=kept, average=training.average)
    else:  # the last whole epoch, also where Ctrl-C cuts the next one short
        latest: dict[str, Any] = {"figure": "epoch", "best": "highest"}
        stream = keep_best(stream, network, **latest, kept=kept, average=training.average)
    try:
        with closing(stream):
            for epoch in stream:
                classifier.history.append(epoch)
                if checkpoint:
                    checkpoint.end_epoch()
                yield epoch
    finally:
        _calibrate(classifier)
    if classifier.history and not _is_sound(classifier):
        rate = classifier.history[-1].learning_rate
        raise DivergedError(
            "The last step of the training left the finite numbers, with learning rate "
            f"{rate:g}; try {rate / 10:g}, or clip_norm=1."
        )


def _is_sound(classifier: Classifier) -> bool:
    figures = [*classifier.history[-1].figures().values()]
    return bool(np.isfinite(classifier.network.theta).all() and np.isfinite(figures).all())


def _calibrate(classifier: Classifier) -> None:
    """Fit the temperature to the validation samples, if they are enough to tell."""
    watched = classifier.validation
    if watched is None or len(watched) < ENOUGH:
        return
    if classifier.history and _is_sound(classifier):
        Z = logits(classifier.network, watched.X, prepare=classifier.preprocessing)
        loss = classifier.loss.measured
        y = loss.check_targets(watched.y, len(Z), Z.shape[1])
        classifier.temperature = fit_temperature(loss, Z, y)
