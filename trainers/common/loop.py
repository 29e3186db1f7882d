"""The loop of a run: one training step and one evaluation step for every strategy.

`keras.Model.fit` cannot train on several hosts. This does what `fit` and `evaluate` do
with a model and its callbacks, on one device, on several, and on several hosts.

A batch is fetched outside the compiled step, so that the wait for it can be timed. The
step is compiled for what the iterator says of its batches, not for the batches
themselves: a smaller last one compiles nothing anew. `python -m
trainers.loop_benchmark` compares the time of a step with that of `fit`, which fetches
inside.
"""

import contextlib

import keras
import tensorflow as tf

from tfgate import optimizers
from trainers.common import steps as model_steps
from trainers.common.errors import RunStopped
from trainers.common.step_times import StepTimes


class Loop:
    """Trains and evaluates a model in the way of `fit` and `evaluate`.

    Args:
        model: a compiled `keras.Model`, made in the strategy's scope.
        distribution: `trainers.common.strategy.Distribution`.
        callbacks: Keras callbacks. All processes must have those that may stop the
            training; those that write belong to the chief alone.
        epochs: epochs of the run, for the callbacks.
        steps_per_epoch: training steps in an epoch, for the callbacks.
        times: `trainers.common.step_times.StepTimes`; None for times of its own.
    """

    def __init__(
        self,
        model,
        distribution,
        callbacks=(),
        epochs=1,
        steps_per_epoch=1,
        times=None,
    ):
        self._model = model
        self._distribution = distribution
        self._times = times or StepTimes()
        self._callbacks = keras.callbacks.CallbackList(
            list(callbacks), model=model, epochs=epochs, steps=steps_per_epoch
        )
        self._train_function = None
        self._test_function = None
        self._merge_function = None
        self._policy = None

    def build(self, batch):
        """Creates the variables that the first step would, for a checkpoint's values.

        Args:
            batch: `(images, labels)`: tensors of the shape and dtype of a batch.
        """
        with self._distribution.strategy.scope():
            self._model._symbolic_build(data_batch=batch)

    @property
    def times(self):
        """The `StepTimes` of the training steps."""
        return self._times

    def begin(self):
        """Tells the callbacks that the training begins."""
        self._model.stop_training = False
        self._callbacks.on_train_begin()

    def end(self, logs):
        """Ends the training; an optimizer's averages of the weights become them.

        Args:
            logs: metrics of the last epoch.
        """
        with self._distribution.strategy.scope():
            optimizer = self._model.optimizer
            optimizer.finalize_variable_values(self._model.trainable_variables)
        self._callbacks.on_train_end(logs)

    def train(self, batches, epoch, steps, first_step=0):
        """Trains for one epoch, or for the rest of one.

        Args:
            batches: from `trainers.common.parts.training`, without the first ones.
            epoch: number of the epoch, from 0.
            steps: training steps in the epoch.
            first_step: number of those that are done. The metrics then go on from
                where they are.

        Returns:
            Metric name -> float, over all images of the epoch.
        """
        model, callbacks = self._model, self._callbacks
        if not first_step:
            model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        iterator = iter(batches)
        self._train_function = self._function(
            self._train_function, model_steps.train_step, iterator
        )
        self._times.begin_epoch()
        for step in range(first_step, steps):
            callbacks.on_train_batch_begin(step)
            try:
                batch = self._times.next(iterator)
            except StopIteration:
                raise RunStopped(
                    f"expected {steps} batches in epoch {epoch + 1}, the data ended "
                    f"after {step}"
                ) from None
            logs = self._train_function(batch)
            del batch  # Two would lie in memory while the next one is fetched.
            self._times.done(logs)
            callbacks.on_train_batch_end(step, logs)
            if model.stop_training:
                break
        self.merge_statistics()
        return self._results()

    def end_epoch(self, epoch, logs):
        """Tells the callbacks that an epoch is over.

        Args:
            epoch: number of the epoch, from 0.
            logs: its metrics, those of its evaluation too.
        """
        self._callbacks.on_epoch_end(epoch, logs)

    def evaluate(self, batches, steps):
        """Evaluates the model, in the way of `keras.Model.evaluate`.

        Where the optimizer keeps averages of the weights, these are evaluated.

        Args:
            batches: from `trainers.common.parts.evaluation`.
            steps: their number.

        Returns:
            Metric name -> float, over all images.
        """
        model, callbacks = self._model, self._callbacks
        policy = type(getattr(model, "policy", None))
        if policy is not self._policy:
            self._test_function = None  # The gates' policy was traced into it.
            self._policy = policy
        iterator = iter(batches)
        self._test_function = self._function(
            self._test_function, model_steps.test_step, iterator
        )
        model.reset_metrics()
        callbacks.on_test_begin()
        with self._averaged_weights():
            for step in range(steps):
                callbacks.on_test_batch_begin(step)
                try:
                    batch = next(iterator)
                except StopIteration:
                    break  # unreadable images are left out
                logs = self._test_function(batch)
                callbacks.on_test_batch_end(step, logs)
        results = self._results()
        callbacks.on_test_end(results)
        return results

    def merge_statistics(self):
        """Gives all replicas the mean of their batch norm statistics.

        Keras lets each replica keep its own, and would save those of the first. Moving
        averages are linear: their mean is the moving average of the mean, so it is
        enough to do this before they are used.
        """
        if self._distribution.replicas > 1:
            if self._merge_function is None:
                self._merge_function = self._merging()
            self._merge_function()

    def _results(self):
        metrics = self._model.get_metrics_result()
        return {name: float(value) for name, value in metrics.items()}

    def _averaged_weights(self):
        optimizer = self._model.optimizer
        if getattr(optimizer, "inner_optimizer", optimizer).use_ema:
            return optimizers.averaged_weights(self._model)
        return contextlib.nullcontext()

    def _function(self, present, make_step, iterator):
        """The compiled step for the batches of an iterator: the present one, or new."""
        strategy = self._distribution.strategy
        signature = (iterator.element_spec,)
        if present is not None and present.input_signature == signature:
            return present

        @tf.function(input_signature=signature, autograph=False)
        def function(batch):
            logs = strategy.run(step, args=(batch,))
            return tf.nest.map_structure(
                lambda value: strategy.experimental_local_results(value)[0], logs
            )

        with strategy.scope():
            step = _with_common_logs(make_step(self._model))
        return function

    def _merging(self):
        strategy = self._distribution.strategy
        drifting = [
            variable
            for variable in self._model.non_trainable_variables
            if variable.aggregation == "none" and "float" in variable.dtype
        ]

        def merge():
            context = tf.distribute.get_replica_context()
            # One vector, one sum: each costs a message to every other process.
            values = [tf.reshape(variable.value, [-1]) for variable in drifting]
            sizes = [value.shape[0] for value in values]
            mean = context.all_reduce(
                tf.distribute.ReduceOp.MEAN, tf.concat(values, axis=0)
            )
            for variable, part in zip(drifting, tf.split(mean, sizes), strict=True):
                variable.assign(tf.reshape(part, variable.shape))

        if not drifting:
            return lambda: None
        return tf.function(lambda: strategy.run(merge), autograph=False)


def _with_common_logs(step):
    """Makes a step return the mean of the replicas' logs, on each of them.

    All processes then see a loss that is not finite in the same step. As in `fit` the
    numbers are exact where all replicas have equally many images; the results of an
    epoch always are.
    """

    def common(data):
        logs = step(data)
        context = tf.distribute.get_replica_context()
        if context.num_replicas_in_sync == 1:
            return logs
        values = tf.stack([tf.cast(value, tf.float32) for value in logs.values()])
        values = context.all_reduce(tf.distribute.ReduceOp.MEAN, values)
        return dict(zip(logs, tf.unstack(values), strict=True))

    return common
