"""The training of one network of a model, from its recipe to its place among the others.

It follows from the model's samples and recipe and from the number of the network, not from the
other networks: so it is the same whether they are trained before it or at the same time.
"""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import Any, cast

import numpy as np

from plainnet.data import Dataset
from plainnet.errors import DivergedError
from plainnet.files.model_file import LARGEST_WEIGHT
from plainnet.models.checkpoint import Checkpoint
from plainnet.models.encoding import encoding_layers
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.model import Model
from plainnet.models.recipe import Recipe, ResolvedRecipe
from plainnet.models.training import Training
from plainnet.network import Array, Network, Rng
from plainnet.network.arrays import on_host
from plainnet.pictures.augment.augmentation import augmentation_of
from plainnet.pictures.augment.augmented import Augmented
from plainnet.training import (
    Checkpointing,
    Epoch,
    Epochs,
    InputPipeline,
    Regularization,
    Validation,
    keep_best,
    logits,
    stop_early,
    train,
)
from plainnet.training.devices import back, on_device
from plainnet.training.position import Position


def begin(
    model: Model, number: int, checkpoint: Checkpoint | None, data: str
) -> tuple[Training, Epochs]:
    """Begin or resume the training of a network.

    Args:
        model: with samples, inputs and answers.
        number: of the network, counted from 0.
        checkpoint: the files to write, and to resume from.
        data: the `fingerprint` of the samples.
    """
    recipe, answers = model.recipe_of(number), model.answers
    weights_rng, order_rng, _, augment_rng = generators(recipe, number)
    network = on_device(_network(model, recipe, weights_rng))
    optimizer = recipe.make_optimizer(model.inputs.n_in)
    rate = optimizer.learning_rate  # the highest; that of a checkpoint is the latest
    drawn_from = {"order": order_rng, "augmentation": augment_rng}
    training = Training(number, network, optimizer, drawn_from, model.resolved_recipe, data)
    training.average = recipe.make_average()
    training.position = Position(trainings=model.resolved_recipe.ensemble)
    if model.validation is not None:
        stopping = answers.stopping_metric if model.stops_early else "validation_loss"
        training.measured = "validation_loss", stopping
    if checkpoint:
        checkpoint.attach(training)
    train_set, watch = parts(model, number)
    steps = recipe.epochs * -(-len(train_set) // recipe.batch_size)
    epochs = train(
        network,
        model.loss_of(recipe, network),
        optimizer,
        train_set.X,
        answers.targets(train_set),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        rng=order_rng,
        weights=answers.weights_for(train_set, recipe),
        schedule=recipe.make_schedule(rate, steps),
        validation=_validation(model, train_set, watch),
        pipeline=_pipeline(model, recipe, train_set, augment_rng, network.dtype),
        regularization=Regularization(
            clip_norm=recipe.clip_norm, max_norm=recipe.max_norm, average=training.average
        ),
        checkpointing=Checkpointing(
            training.position,
            checkpoint.should_stop if checkpoint else None,
            checkpoint.pause if checkpoint else 0.0,
        ),
        workers=checkpoint.workers if checkpoint else None,
    )
    return training, epochs


def watched(
    stream: Epochs, model: Model, training: Training, checkpoint: Checkpoint | None
) -> Epochs:
    """Yield the epochs, stop early if asked, and leave the network with the weights to keep.

    Raises:
        DivergedError: these are not finite.
    """
    network, kept = training.network, training.kept
    if model.stops_early:
        recipe, metric = model.resolved_recipe, model.answers.stopping_metric
        how: dict[str, Any] = {"patience": recipe.patience, "growth": recipe.patience_growth}
        stream = stop_early(stream, metric=metric, past=tuple(training.history), **how)
        also: dict[str, Any] = {"tolerance": recipe.tolerance, "average": training.average}
        stream = keep_best(stream, network, metric=metric, kept=kept, **also)
    else:  # the last whole epoch, also where Ctrl-C cuts the next one short
        latest: dict[str, Any] = {"metric": "epoch", "best": "highest"}
        stream = keep_best(stream, network, **latest, kept=kept, average=training.average)
    with closing(stream):
        for epoch in stream:
            training.history.append(epoch)
            if checkpoint:
                checkpoint.end_epoch()
            yield epoch
    if training.history and not is_sound(network, training.history):
        rate = training.history[-1].learning_rate
        raise DivergedError(
            "The last step of the training gave numbers that are not finite, with learning rate "
            f"{rate:g}; try {rate / 10:g}, or clip_norm=1."
        )
    if checkpoint:
        checkpoint.end_network()


def member_of(model: Model, training: Training) -> EnsembleMember:
    """Return the trained network on the host, with its temperature."""
    network, watch = back(training.network), model.validation_of(training.number)
    if watch is None or not is_sound(network, training.history):
        return EnsembleMember(network, 1.0)
    outputs_of = partial(logits, network, prepare=model.inputs.preprocessing)
    return EnsembleMember(network, model.answers.fit_temperature(model.recipe, watch, outputs_of))


def parts(model: Model, number: int) -> tuple[Dataset, Dataset | None]:
    """Return the training and validation samples of a network."""
    train_set, watch = cast(Dataset, model.training), model.validation_of(number)
    if model.folds is not None:
        kept = np.setdiff1d(np.arange(len(train_set)), model.fold_of(number))
        train_set = train_set.take(kept).without_targets_of_others()
    return model.inputs.varied(train_set, model.recipe.augment), watch


def network_at_start(model: Model) -> Network | None:
    """Return the latest network before its first step, drawn again; None if that is unknown.

    It is unknown behind an encoding, whose bins depend on the training samples, and if there were
    several variants, because some may have been left out.
    """
    recipe = model.recipe_of(0)
    known = recipe.encoding == "none" and len(recipe.variants) == 1
    if "settled" not in model.trained or not known:
        return None
    rng = generators(recipe, len(model.networks) - 1)[0]
    return recipe.make_network([], model.preprocessing.shape, model.answers.n_out, rng)


def generators(recipe: Recipe, number: int) -> list[Rng]:
    """Return generators for weights, order, split and augmentation of a network."""
    return np.random.default_rng([recipe.seed, number] if number else recipe.seed).spawn(4)


def has_sound_weights(network: Network) -> bool:
    """Return whether a model file may hold the network's weights."""
    return bool(np.abs(on_host(network.theta)).max(initial=0) <= LARGEST_WEIGHT)  # NaN is not


def is_sound(network: Network, history: Sequence[Epoch]) -> bool:
    """Return whether there is an epoch, and a model file may hold what it has come to."""
    metrics = [*history[-1].as_row().values()] if history else [np.nan]
    return has_sound_weights(network) and bool(np.isfinite(metrics).all())


def _network(model: Model, recipe: ResolvedRecipe, rng: Rng) -> Network:
    """Make a network with initial weights, behind the encoding of the training samples."""
    inputs, answers = model.inputs, model.answers
    prepare = partial(inputs.prepare, dtype=np.dtype(np.float32))
    first = encoding_layers(recipe, cast(Dataset, model.training), prepare)
    shape = (first[-1].n_out or inputs.n_in,) if first else inputs.preprocessing.shape
    return recipe.make_network(first, shape, answers.n_out, rng, answers.mean_of_members)


def _validation(model: Model, train_set: Dataset, watch: Dataset | None) -> Validation | None:
    if watch is None:
        return None
    recipe, answers = model.resolved_recipe, model.answers
    own = answers.stopping_metrics(train_set, recipe) if recipe.patience else answers.epoch_metrics
    return Validation(watch.X, answers.targets(watch), watch.weights, own)


def _pipeline(
    model: Model, recipe: Recipe, train_set: Dataset, rng: Rng, dtype: np.dtype[Any]
) -> InputPipeline:
    """Return the preprocessing, and the augmentation of pictures if there is any."""
    if not train_set.is_pictures:
        return InputPipeline(model.preprocessing)
    augmentation = augmentation_of(recipe.augment, train_set.X)
    shape, prepare = train_set.X.shape[1:], model.preprocessing
    n_classes = len(train_set.classes)

    def mix(X: Array, y: Array) -> tuple[Array, Array]:
        """Mix the samples of a batch, with classes as probabilities."""
        if y.ndim == 1:  # indices of classes as probabilities
            y = np.eye(n_classes, dtype=dtype)[y]
        return augmentation.mix(X, y, rng)

    varied = augmentation.changes_pictures
    return InputPipeline(
        prepare,
        augment=Augmented(augmentation, shape, prepare, rng) if varied else None,
        mix=mix if augmentation.mix_up else None,
    )
