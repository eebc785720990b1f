"""How a classifier learns: its data parted, its network made, its training watched and kept."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from plainnet.classifier.checkpoint import Checkpoint, Training, fingerprint
from plainnet.classifier.preprocessing import Preprocessing
from plainnet.errors import DivergedError, SettingError
from plainnet.pictures import Dataset, stratified_split
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
    recipe = classifier.recipe
    if recipe.patience and watch is None and not recipe.validation_share:
        raise SettingError(
            "To stop early with a patience, a training needs validation data, but there is "
            "none; give some, or a validation share above 0."
        )
    weights_rng, order_rng, split_rng = np.random.default_rng(recipe.seed).spawn(3)
    if watch is None and recipe.validation_share:
        kept, held_out = stratified_split(train_set.y, recipe.validation_share, split_rng)
        if len(held_out):
            train_set, watch = train_set.take(kept), train_set.take(held_out)
    classifier.begin(train_set, watch, Preprocessing.fit(train_set.X), weights_rng)
    optimizer = recipe.make_optimizer(classifier.preprocessing.mean.size)
    steps = recipe.epochs * -(-len(train_set) // recipe.batch_size)
    schedule = recipe.make_schedule(optimizer.learning_rate, steps)
    data = fingerprint(train_set, watch) if checkpoint else ""
    training = Training(
        classifier.network, optimizer, {"order": order_rng}, data, classifier.history
    )
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
        schedule=schedule,
        clip_norm=recipe.clip_norm,
        validation=(watch.X, watch.y) if watch else None,
        prepare=classifier.preprocessing,
        position=training.position,
        between=checkpoint.between if checkpoint else None,
    )
    return _watched(stream, classifier, training, checkpoint)


def _watched(
    stream: Epochs, classifier: Classifier, training: Training, checkpoint: Checkpoint | None
) -> Epochs:
    """The stream with its history, ended early if so wished, its network left as kept."""
    network, kept = classifier.network, training.kept
    if classifier.stops_early:
        patience, past = classifier.recipe.patience, tuple(classifier.history)
        stream = keep_best(stop_early(stream, patience=patience, past=past), network, kept=kept)
    else:  # the last whole epoch, also where Ctrl-C cuts the next one short
        stream = keep_best(stream, network, figure="epoch", best="highest", kept=kept)
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
        y = classifier.loss.check_targets(watched.y, len(Z), Z.shape[1])
        classifier.temperature = fit_temperature(classifier.loss, Z, y)
