"""A training run: from a built model to the files in its workdir."""

import contextlib
import time

import keras
import tensorflow as tf

import tfgate
from trainers.common import checkpoints as checkpoint_files
from trainers.common import evaluation
from trainers.common import exits
from trainers.common import files
from trainers.common import labels
from trainers.common import logs
from trainers.common import network
from trainers.common import parts
from trainers.common import plots
from trainers.common import profiler
from trainers.common import progress
from trainers.common import results
from trainers.common import skipped
from trainers.common import throttling_curve
from trainers.common.checkpoints import Checkpoints
from trainers.common.data import corrupt
from trainers.common.errors import PeerLost
from trainers.common.errors import UserError
from trainers.common.flags.throttling import RECALIBRATED
from trainers.common.loop import Loop
from trainers.common.step_times import StepTimes
from trainers.common.strategy import Distribution

_COLUMNS = (
    "loss",
    "gate_loss",
    "accuracy",
    "top5_accuracy",
    "val_loss",
    "val_accuracy",
    "val_top5_accuracy",
    "activation_rate",
    "executed_macs",
    "u",
    "complexity",
    "val_activation_rate",
    "val_executed_macs",
    "val_complexity",
)
# What TensorFlow raises in the middle of a sum over processes, if one is gone.
_OF_LOST_PEERS = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)


def run(settings, dataset, workdir, distribution=None):
    """Trains a network, evaluates it, and writes everything into the workdir.

    Continues from the newest checkpoint in the workdir, if there is one. Of several
    processes only the chief reads and writes the workdir, and evaluates the trained
    network, on one device.

    Args:
        settings: `trainers.common.settings.Settings`.
        dataset: `trainers.common.data.dataset.Dataset`.
        workdir: `trainers.common.workdir.Workdir`; nothing is written there before
            the network has been built and compiled.
        distribution: `trainers.common.strategy.Distribution`; None means one device.

    Returns:
        The content of results.json; None in a process that is not the chief.

    Raises:
        RunStopped: the loss is not finite. The newest checkpoint is from before.
        PeerLost: another process has ended.
        UserError: the gate loss does not fit the network, the workdir is in use, the
            devices cannot share a batch, a checkpoint is damaged, or too many images
            are unreadable. In the last case the checkpoints are kept.
    """
    distribution = distribution or Distribution(tf.distribute.get_strategy())
    distribution.check(settings)
    try:
        with corrupt.user_errors():
            return Run(settings, dataset, workdir, distribution).run()
    except UserError as error:
        error.others_wait = distribution.hosts > 1
        raise
    except _OF_LOST_PEERS as error:
        if distribution.hosts == 1:
            raise
        raise PeerLost(
            "another process of the cluster in TF_CONFIG has ended, or cannot be "
            f"reached ({type(error).__name__}): start the same command again in all of "
            "them, it continues from the last checkpoint"
        ) from error


class Run:
    """One start of a run; see `run`."""

    def __init__(self, settings, dataset, workdir, distribution):
        self._started = time.monotonic()
        self._settings = settings
        self._dataset = dataset
        self._workdir = workdir
        self._distribution = distribution
        self._steps = network.steps_per_epoch(settings, dataset)
        self._checkpoints = Checkpoints(
            workdir.checkpoints, settings.keep_checkpoints, distribution
        )
        if settings.deterministic:
            tf.config.experimental.enable_op_determinism()
        with distribution.strategy.scope():
            self._model = self._build()
        self._guard = progress.StopOnNonFiniteLoss(workdir.checkpoints)

    def run(self):
        """Trains, and in the chief evaluates and writes; returns the results."""
        if not self._distribution.is_chief:
            self._train(self._restored())
            return None
        with self._workdir.claimed(self._settings):
            state = self._restored()
            self._started -= state.wall_seconds
            files.write(self._workdir.labels, "\n".join(self._dataset.labels) + "\n")
            self._announce(state)
            self._train(state)
            return self._finish(state)

    def _build(self):
        model = network.build(self._settings, self._dataset)
        network.compile_model(model, self._settings, self._steps, self._dataset)
        model.optimizer.build(model.trainable_variables)
        return model

    def _restored(self):
        """The state that the run continues from; the model continues from there too."""
        Loop(self._model, self._distribution).build(self._example())
        return self._checkpoints.restore(self._model)

    def _example(self):
        shape = self._dataset.image_shape
        if getattr(self._dataset, "one_hot", False):
            labels = tf.zeros((1, len(self._dataset.labels)))
        else:
            labels = tf.zeros((1,), tf.int32)
        return tf.zeros((1, *shape)), labels

    # --- Training

    def _train(self, state):
        """Trains the epochs that `state` lacks, with a checkpoint after each."""
        settings, epochs = self._settings, self._settings.epochs
        with contextlib.ExitStack() as stack:
            saver, times = _StepSaver(self, state), StepTimes()
            callbacks, log, bar = [self._guard, saver], None, None
            if self._distribution.is_chief:
                log = logs.HistoryLog(self._workdir, state.history)
                done = state.epoch * self._steps + state.step
                bar = progress.ProgressBar(
                    epochs,
                    self._steps,
                    done,
                    settings.batch_size,
                    self._dataset.train_examples,
                    times,
                )
                stack.enter_context(contextlib.closing(log))
                stack.enter_context(contextlib.closing(bar))
                callbacks.append(bar)
                if settings.profile_steps:
                    profile = profiler.Profiler(
                        *settings.profile_steps, self._workdir.tensorboard
                    )
                    stack.enter_context(contextlib.closing(profile))
                    callbacks.append(profile)
            loop = Loop(
                self._model, self._distribution, callbacks, epochs, self._steps, times
            )
            saver.loop = loop
            loop.begin()
            row = None
            for epoch in range(state.epoch, epochs):
                unreadable = skipped.counts(self._dataset, state)
                row = self._train_epoch(loop, epoch, state)
                state.history.append(row)
                state.step, state.epoch_seconds = 0, 0.0
                self.save(state)
                if log:
                    log.add(row)
                    bar.say(row)
                    if skipped.counts(self._dataset, state) != unreadable:
                        bar.write(skipped.sentence(self._dataset, state))
            loop.end(row)

    def save(self, state):
        """Writes a checkpoint."""
        state.wall_seconds = time.monotonic() - self._started
        skipped.collect(self._dataset, state, self._distribution)
        self._checkpoints.save(self._model, state)

    def _train_epoch(self, loop, epoch, state):
        """Trains for one epoch and evaluates; returns the epoch's row of metrics."""
        settings, dataset = self._settings, self._dataset
        first_step = state.step
        started = time.monotonic() - state.epoch_seconds
        batches = parts.training(
            dataset, epoch, settings.batch_size, self._distribution, first_step
        )
        train = loop.train(batches, epoch, self._steps, first_step)
        seconds = time.monotonic() - started
        self._guard.check("loss", train["loss"], "its end")
        test = loop.evaluate(
            *parts.evaluation(
                labels.for_evaluation(dataset.test, dataset),
                dataset.test_examples,
                settings.evaluation_batch_size,
                self._distribution,
            )
        )
        metrics = {**train, **{f"val_{name}": value for name, value in test.items()}}
        loop.end_epoch(epoch, metrics)
        rates = [name for name in train if name.startswith("rate/")]
        return {
            "epoch": epoch + 1,
            "lr": float(self._model.optimizer.learning_rate),
            **{n: metrics[n] for n in (*_COLUMNS, *rates) if n in metrics},
            "images_per_second": dataset.train_examples / seconds,
            "input_wait": loop.times.input_wait,
            "seconds": seconds,
        }

    @property
    def every_steps(self):
        """Training steps between two checkpoints within an epoch; 0 for none."""
        return self._settings.checkpoint_every_steps

    @property
    def steps(self):
        """Training steps in an epoch."""
        return self._steps

    @property
    def guard(self):
        """The callback that stops the run when its loss is not finite."""
        return self._guard

    # --- What the chief does with the trained network

    def _finish(self, state):
        settings, dataset, workdir = self._settings, self._dataset, self._workdir
        model = self._on_one_device()
        model = _recalibrated(model, settings, dataset, self._steps)
        with files.replaced(workdir.model) as unfinished:
            model.save(unfinished)
        print("evaluating ...", flush=True)
        measured = evaluation.evaluate(model, dataset, settings)
        plots.write(workdir.plots, state.history, measured)
        test = dataset.test(settings.evaluation_batch_size)
        leaving = exits.measure(model, test, workdir.plots)
        curve = throttling_curve.measure(model, test, settings, workdir.plots)
        state.wall_seconds = time.monotonic() - self._started
        skipped.collect(dataset, state)
        outcome = results.collect(model, settings, state, measured)
        if leaving:
            outcome["exits"] = leaving
        if curve:
            outcome["throttling"] = curve
        if dataset.tallies:
            outcome["corrupt_images"] = skipped.counts(dataset, state)
            print(skipped.sentence(dataset, state))
        results.write(workdir.results, outcome)
        _report(model, outcome, workdir)
        return outcome

    def _on_one_device(self):
        if self._distribution.replicas == 1 and self._distribution.hosts == 1:
            return self._model
        model = self._build()
        checkpoint_files.copy(self._model, model)
        return model

    def _announce(self, state):
        settings, dataset = self._settings, self._dataset
        if state.epoch or state.step:
            within = f" and {state.step} steps" if state.step else ""
            print(f"continuing after epoch {state.epoch} of {settings.epochs}{within}")
        devices = self._distribution.replicas
        shared = f" on {devices} devices" if devices > 1 else ""
        if self._distribution.hosts > 1:
            shared += f" of {self._distribution.hosts} processes"
        print(
            f"{self._model.name} on {dataset.name}: {dataset.train_examples} images, "
            f"{settings.epochs} epochs of batches of {settings.batch_size}{shared}; "
            f"results go to {self._workdir.path}",
            flush=True,
        )


class _StepSaver(keras.callbacks.Callback):
    """Writes a checkpoint every so many training steps.

    Args:
        of: the `Run`.
        state: its `State`.
    """

    def __init__(self, of, state):
        super().__init__()
        self.loop = None
        self._run = of
        self._state = state
        self._started = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.monotonic() - self._state.epoch_seconds

    def on_train_batch_end(self, batch, logs=None):
        run, done = self._run, batch + 1
        total = self._state.epoch * run.steps + done
        if not run.every_steps or total % run.every_steps or done == run.steps:
            return
        run.guard.check("loss", logs["loss"], f"step {done}")
        self.loop.merge_statistics()
        self._state.step = done
        self._state.epoch_seconds = time.monotonic() - self._started
        run.save(self._state)


def _recalibrated(model, settings, dataset, steps_per_epoch):
    """The network with new batch norm statistics, where the settings ask for them."""
    steps = settings.recalibrate_steps
    if not steps:
        return model
    print(f"batch norm statistics from {steps} batches ...", flush=True)
    size = settings.recalibrate_batch_size
    epochs = -(-steps // -(-dataset.train_examples // size))
    batches = dataset.train(settings.epochs, size)
    for epoch in range(1, epochs):
        batches = batches.concatenate(dataset.train(settings.epochs + epoch, size))
    if settings.batch_norm != RECALIBRATED:
        tfgate.recalibrate_batch_norm(model, batches, steps)
        return model
    buckets = settings.batch_norm_buckets
    model = tfgate.throttling.recalibrate(model, batches, steps, buckets)
    network.compile_model(model, settings, steps_per_epoch, dataset)
    model.optimizer.build(model.trainable_variables)
    return model


def _report(model, outcome, workdir):
    if isinstance(model, tfgate.GatedModel):
        dense = outcome["macs"]["dense"]
        for name, row in outcome["policies"].items():
            print(
                f"{name:12} test accuracy {_accuracies(row)}, activation rate "
                f"{row['activation_rate']:.3f}, executed MACs "
                f"{row['executed_macs'] / dense:.3f} of dense"
            )
    else:
        print(f"test accuracy {_accuracies(outcome['policies']['dense'])}")
    if "exits" in outcome:
        exits.report(outcome["exits"], outcome["macs"]["dense"])
    if "throttling" in outcome:
        throttling_curve.report(outcome["throttling"])
    print(f"results in {workdir.results}", flush=True)


def _accuracies(row):
    top5 = f", top-5 {row['top5_accuracy']:.4f}" if "top5_accuracy" in row else ""
    return f"{row['accuracy']:.4f}{top5}"
