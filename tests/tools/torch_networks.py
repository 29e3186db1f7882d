"""torchvision's residual networks in NumPy: state dicts, and what they compute.

Written from torchvision's definition, in its layout (batch, channels, height, width),
and independent of the converter and of Keras.
"""

import dataclasses

import numpy as np

EPSILON = 1e-5


@dataclasses.dataclass(frozen=True)
class TorchNetwork:
    """The arguments of torchvision's `ResNet`."""

    blocks: tuple[int, ...]
    bottleneck: bool = False
    groups: int = 1
    width_per_group: int = 64

    def state_dict(self, classes, seed=0):
        """A random state dict: batch norms have statistics, activations stay small."""
        generator = np.random.default_rng(seed)
        state = {}

        def conv(name, outputs, inputs, size):
            shape = (outputs, inputs, size, size)
            scale = np.sqrt(2.0 / np.prod(shape[1:]))
            weight = (generator.normal(size=shape) * scale).astype("f")
            weight[0] *= np.float32(1e-3)
            state[f"{name}.weight"] = weight

        def norm(name, channels):
            state[f"{name}.weight"] = generator.uniform(0.5, 1.5, channels).astype("f")
            state[f"{name}.bias"] = generator.normal(size=channels).astype("f") * 0.3
            mean = generator.normal(size=channels).astype("f") * 0.3
            variance = generator.uniform(0.5, 1.5, channels).astype("f")
            # An almost dead filter: there the epsilon decides.
            mean[0], variance[0] = 0.0, 1e-7
            state[f"{name}.running_mean"] = mean
            state[f"{name}.running_var"] = variance
            state[f"{name}.num_batches_tracked"] = np.array(5)

        conv("conv1", 64, 3, 7)
        norm("bn1", 64)
        channels = 64
        for stage, count in enumerate(self.blocks):
            planes = 64 * 2**stage
            outputs = planes * (4 if self.bottleneck else 1)
            for block in range(count):
                name = f"layer{stage + 1}.{block}"
                shapes = [(planes, channels, 3), (planes, planes, 3)]
                if self.bottleneck:
                    inner = planes * self.width_per_group // 64 * self.groups
                    shapes = [
                        (inner, channels, 1),
                        (inner, inner // self.groups, 3),
                        (outputs, inner, 1),
                    ]
                for number, shape in enumerate(shapes, start=1):
                    conv(f"{name}.conv{number}", *shape)
                    norm(f"{name}.bn{number}", shape[0])
                # Deep sums of branches at full scale would grow beyond float32.
                state[f"{name}.bn{len(shapes)}.weight"] *= np.float32(0.3)
                if block == 0 and (stage or outputs != channels):
                    conv(f"{name}.downsample.0", outputs, channels, 1)
                    norm(f"{name}.downsample.1", outputs)
                channels = outputs
        state["fc.weight"] = (generator.normal(size=(classes, channels)) * 0.1).astype(
            "f"
        )
        state["fc.bias"] = generator.normal(size=classes).astype("f")
        return state

    def logits(self, state, images):
        """Logits `[batch, classes]` of images `[batch, 3, height, width]`."""
        x = convolve(images, state["conv1.weight"], 2, 3)
        x = np.maximum(normalize(x, state, "bn1"), 0.0)
        x = np.pad(x, [(0, 0)] * 2 + [(1, 1)] * 2, constant_values=-np.inf)
        x = windows(x, 3, 2).max(axis=(-2, -1))
        for stage, count in enumerate(self.blocks):
            for block in range(count):
                strides = 2 if stage and block == 0 else 1
                x = self.block(state, f"layer{stage + 1}.{block}", x, strides)
        return x.mean(axis=(2, 3)) @ state["fc.weight"].T + state["fc.bias"]

    def block(self, state, name, x, strides):
        """The output of a block."""
        plan = [(strides, 1, 1), (1, 1, 1)]  # strides, padding, groups
        if self.bottleneck:
            plan = [(1, 0, 1), (strides, 1, self.groups), (1, 0, 1)]
        h = x
        for number, (step, padding, groups) in enumerate(plan, start=1):
            h = convolve(h, state[f"{name}.conv{number}.weight"], step, padding, groups)
            h = normalize(h, state, f"{name}.bn{number}")
            if number < len(plan):
                h = np.maximum(h, 0.0)
        if f"{name}.downsample.0.weight" in state:
            x = convolve(x, state[f"{name}.downsample.0.weight"], strides, 0)
            x = normalize(x, state, f"{name}.downsample.1")
        return np.maximum(h + x, 0.0)


NETWORKS = {
    "resnet18": TorchNetwork((2, 2, 2, 2)),
    "resnet34": TorchNetwork((3, 4, 6, 3)),
    "resnet50": TorchNetwork((3, 4, 6, 3), bottleneck=True),
    "resnet101": TorchNetwork((3, 4, 23, 3), bottleneck=True),
    "resnet152": TorchNetwork((3, 8, 36, 3), bottleneck=True),
    "resnext50": TorchNetwork((3, 4, 6, 3), True, groups=32, width_per_group=4),
}


def windows(x, size, strides):
    """Windows `[batch, channels, rows, columns, size, size]`."""
    found = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return found[:, :, ::strides, ::strides]


def convolve(x, weight, strides, padding, groups=1):
    """`torch.nn.functional.conv2d` without bias."""
    x = np.pad(x, [(0, 0)] * 2 + [(padding, padding)] * 2)
    parts = [
        np.tensordot(
            windows(inputs, weight.shape[-1], strides), w, [(1, 4, 5), (1, 2, 3)]
        )
        for inputs, w in zip(
            np.split(x, groups, axis=1), np.split(weight, groups), strict=True
        )
    ]
    return np.concatenate(parts, axis=-1).transpose(0, 3, 1, 2)


def normalize(x, state, name):
    """Batch norm at inference."""
    scale = state[f"{name}.weight"] / np.sqrt(
        state[f"{name}.running_var"].astype("float64") + EPSILON
    )
    shift = state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale
    return x * scale[:, None, None] + shift[:, None, None]
