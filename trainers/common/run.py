"""A training run: from a built model to the files in its workdir."""

import contextlib
import time

import tensorflow as tf

import tfgate
from trainers.common import evaluation
from trainers.common import files
from trainers.common import logs
from trainers.common import network
from trainers.common import plots
from trainers.common import progress
from trainers.common import results
from trainers.common.checkpoints import Checkpoints


def run(settings, dataset, workdir):
    """Trains a network, evaluates it, and writes everything into the workdir.

    Continues from the newest checkpoint in the workdir, if there is one.

    Args:
        settings: `trainers.common.settings.Settings`.
        dataset: `trainers.common.data.dataset.Dataset`.
        workdir: `trainers.common.workdir.Workdir`; nothing is written there before
            the network has been built and compiled.

    Returns:
        The content of results.json.

    Raises:
        RunStopped: the loss is not finite. The newest checkpoint is from before.
        UserError: the gate loss does not fit the network, the workdir is in use, or
            a checkpoint is damaged.
    """
    started = time.monotonic()
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    model = network.build(settings, dataset)
    network.compile_model(model, settings, network.steps_per_epoch(settings, dataset))
    with workdir.claimed(settings):
        checkpoints = Checkpoints(workdir.checkpoints)
        state = checkpoints.restore(model)
        started -= state.wall_seconds
        files.write(workdir.labels, "\n".join(dataset.labels) + "\n")
        _announce(model, settings, dataset, workdir, state)
        _train(model, settings, dataset, workdir, checkpoints, state, started)
        _recalibrate(model, settings, dataset)
        with files.replaced(workdir.model) as unfinished:
            model.save(unfinished)
        print("evaluating ...", flush=True)
        measured = evaluation.evaluate(model, dataset, settings)
        plots.write(workdir.plots, state.history, measured)
        state.wall_seconds = time.monotonic() - started
        outcome = results.collect(model, settings, state, measured)
        results.write(workdir.results, outcome)
        _report(model, outcome, workdir)
    return outcome


def _train(model, settings, dataset, workdir, checkpoints, state, started):
    """Trains the epochs that `state` lacks, with a checkpoint after each."""
    steps = network.steps_per_epoch(settings, dataset)
    guard = progress.StopOnNonFiniteLoss(workdir.checkpoints)
    with (
        contextlib.closing(logs.HistoryLog(workdir, state.history)) as log,
        contextlib.closing(
            progress.ProgressBar(settings.epochs, steps, state.epoch)
        ) as bar,
    ):
        for epoch in range(state.epoch, settings.epochs):
            row = _train_epoch(model, settings, dataset, epoch, guard, bar)
            state.history.append(row)
            state.wall_seconds = time.monotonic() - started
            checkpoints.save(model, state)
            log.add(row)
            bar.say(row)


def _train_epoch(model, settings, dataset, epoch, guard, bar):
    """Trains for one epoch and evaluates; returns the epoch's row of metrics."""
    started = time.monotonic()
    trained = model.fit(
        dataset.train(epoch, settings.batch_size),
        initial_epoch=epoch,
        epochs=epoch + 1,
        shuffle=False,  # the data set is shuffled already
        verbose=0,
        callbacks=[guard, bar],
    )
    seconds = time.monotonic() - started
    tested = model.evaluate(
        dataset.test(settings.evaluation_batch_size), verbose=0, return_dict=True
    )
    train = {name: float(values[0]) for name, values in trained.history.items()}
    test = {f"val_{name}": float(value) for name, value in tested.items()}
    guard.check("val_loss", test["val_loss"], "its end")
    metrics = {**train, **test}
    columns = [
        "loss",
        "gate_loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "activation_rate",
        "executed_macs",
        "val_activation_rate",
        "val_executed_macs",
        *(name for name in train if name.startswith("rate/")),
    ]
    return {
        "epoch": epoch + 1,
        "lr": float(model.optimizer.learning_rate),
        **{name: metrics[name] for name in columns if name in metrics},
        "images_per_second": dataset.train_examples / seconds,
        "seconds": seconds,
    }


def _recalibrate(model, settings, dataset):
    steps = settings.recalibrate_steps
    if not steps:
        return
    print(f"batch norm statistics from {steps} batches ...", flush=True)
    size = settings.recalibrate_batch_size
    epochs = -(-steps // -(-dataset.train_examples // size))
    batches = dataset.train(settings.epochs, size)
    for epoch in range(1, epochs):
        batches = batches.concatenate(dataset.train(settings.epochs + epoch, size))
    tfgate.recalibrate_batch_norm(model, batches, steps)


def _announce(model, settings, dataset, workdir, state):
    if state.epoch:
        print(f"continuing after epoch {state.epoch} of {settings.epochs}")
    print(
        f"{model.name} on {dataset.name}: {dataset.train_examples} images, "
        f"{settings.epochs} epochs of batches of {settings.batch_size}; "
        f"results go to {workdir.path}",
        flush=True,
    )


def _report(model, outcome, workdir):
    if isinstance(model, tfgate.GatedModel):
        dense = outcome["macs"]["dense"]
        for name, row in outcome["policies"].items():
            print(
                f"{name:12} test accuracy {row['accuracy']:.4f}, activation rate "
                f"{row['activation_rate']:.3f}, executed MACs "
                f"{row['executed_macs'] / dense:.3f} of dense"
            )
    else:
        print(f"test accuracy {outcome['policies']['dense']['accuracy']:.4f}")
    print(f"results in {workdir.results}", flush=True)
