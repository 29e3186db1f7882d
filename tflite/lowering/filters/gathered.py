"""1x1 convolutions of exactly the channels that are open.

A 1x1 convolution is a product of matrices, whose sizes may be chosen at run time: the
rows and columns of the kernel that belong to open channels are gathered, and so are the
channels of the input. What comes out is put among zeros again, since what follows has a
fixed size. Operands of three axes become BATCH_MATMUL, which is fast at any size; of
two, FULLY_CONNECTED, which is not with a kernel that is no constant.
"""

import keras
import numpy as np
import tensorflow as tf


def is_pointwise(layer):
    """Whether a layer is a two-dimensional 1x1 convolution."""
    return (
        type(layer) is keras.layers.Conv2D
        and layer.kernel_size == (1, 1)
        and layer.groups == 1
    )


class GatheredConvolution(keras.layers.Layer):
    """A 1x1 convolution that reads and computes the open channels alone.

    Args:
        given: for each input channel the component that opens it, None for one always
            there; None in the place of all reads everything.
        wanted: the same of the output channels. Closed ones are zeros, without the
            bias.
        strides: of the convolution.
        filters: number of output channels.
        use_bias: whether it has a bias.

    Call arguments:
        inputs: `[1, height, width, channels]`; closed channels are zero.
        gating: `tflite.lowering.filters.gating.Gating`.

    Returns:
        `[1, height, width, filters]`.
    """

    def __init__(self, given, wanted, strides, filters, use_bias, **kwargs):
        super().__init__(**kwargs)
        self._given, self._wanted = given, wanted
        self._strides = strides
        self._filters = filters
        self._use_bias = use_bias

    def build(self, input_shape):
        shape = (input_shape[-1], self._filters)
        if self._given is None:
            shape = shape[::-1]
        self.kernel = self.add_weight(name="kernel", shape=shape)
        if self._use_bias:
            self.bias = self.add_weight(name="bias", shape=(self._filters,))
        self.built = True

    def call(self, inputs, gating):
        sides = (self._given, self._wanted)
        given, wanted = (None if s is None else gating.mask(s) for s in sides)
        rows, columns = self._strides
        x = inputs if self._strides == (1, 1) else inputs[:, ::rows, ::columns]
        shape = (*x.shape[:-1], self._filters)
        x = tf.reshape(x, (1, -1, x.shape[-1]))
        size = (*x.shape[:-1], self._filters)
        # Nothing can be gathered of an empty set: that raises an error at run time.
        guarded = [
            gating.any_of(side)
            for side in sides
            if side is not None and None not in side
        ]
        if not guarded:
            return tf.reshape(self._product(x, given, wanted), shape)
        is_open = guarded[0] if len(guarded) == 1 else tf.logical_and(*guarded)
        outputs = tf.cond(
            is_open,
            lambda: tf.ensure_shape(self._product(x, given, wanted), size),
            lambda: self._empty(size, wanted, is_open),
        )
        outputs.set_shape(size)
        return tf.reshape(outputs, shape)

    def _product(self, x, given, wanted):
        read = {}
        kernel = self.kernel
        if given is not None:
            opened = _numbers(given)
            # Rows are gathered several times as fast as columns.
            x = tf.gather(tf.transpose(x, (0, 2, 1)), opened, axis=1)
            kernel, read = tf.gather(kernel, opened, axis=0), {"transpose_a": True}
        if wanted is None:
            product = tf.matmul(x, kernel[None], **read)
            return product + self.bias if self._use_bias else product
        opened = _numbers(wanted)
        if given is None:
            kernel = tf.gather(kernel, opened, axis=0)
            product = tf.matmul(x, kernel[None], transpose_b=True)
        else:
            kernel = tf.gather(kernel, opened, axis=1)
            product = tf.matmul(x, kernel[None], **read)
        if self._use_bias:
            product = product + tf.gather(self.bias, opened)
        # Puts the filters among zeros. A product with ones at their places is faster
        # than a gather that moves number by number.
        ones = tf.gather(tf.eye(self._filters), opened, axis=0)
        return tf.matmul(product, ones[None])

    def _empty(self, size, wanted, is_open):
        zeros = tf.fill(size, tf.cast(is_open, tf.float32))
        if not self._use_bias:
            return zeros
        return zeros + (self.bias if wanted is None else self.bias * wanted)


def _numbers(mask):
    """Numbers of the ones in a mask, in order: int64 `[ones]`."""
    return tf.reshape(tf.where(mask > 0.0), (-1,))


def split_shares(components):
    """Channels without and with a gate, for counting.

    Args:
        components: for each channel the component that opens it, None for one always
            there; or None for channels that are all always there.

    Returns:
        Function from a number of all channels to a list of `(channels, share)`: those
        always there with None, the others with the tuple of their components.
    """

    def split(count):
        gated = [] if components is None else [c for c in components if c is not None]
        parts = [(count - len(gated), None), (len(gated), tuple(dict.fromkeys(gated)))]
        return [(size, share) for size, share in parts if size]

    return split


def with_kernel(new, given, wanted, strides):
    """A gathered convolution with the weights of a plain one.

    Args:
        new: `slicing.NewLayer` of a 1x1 convolution.
        given: as for `GatheredConvolution`.
        wanted: likewise.
        strides: likewise.

    Returns:
        `(layer, weights)`.
    """
    kernel, *bias = new.weights
    layer = GatheredConvolution(
        given, wanted, strides, kernel.shape[-1], bool(bias), name=new.layer.name
    )
    kernel = np.asarray(kernel)[0, 0]
    return layer, [kernel.T if given is None else kernel, *bias]
