"""Flags of the network."""

from absl import flags


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_integer(
        "depth",
        20,
        "Layers of the CIFAR ResNet: 6 n + 2, such as 20, 32, 56 or 110; with "
        "--block=bottleneck 9 n + 2, such as 29, 56, 110 or 164.",
        lower_bound=8,
        flag_values=values,
    )
    flags.DEFINE_enum(
        "block",
        "basic",
        ("basic", "bottleneck"),
        "Residual blocks of two 3x3 convolutions, or of 1x1, 3x3 and 1x1.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "shortcut",
        "identity",
        ("identity", "projection"),
        "Shortcuts where the size changes: without parameters (option A of He et al. "
        "2016), or a 1x1 convolution (option B).",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "width",
        1,
        "Factor on the filters between the convolutions of each block (BAS 5.1: 10 and "
        "20).",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "zero_init_residual",
        False,
        "Starts the last batch norm of each branch with a scale of zero, so that every "
        "block starts as its shortcut (Goyal et al. 2017).",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "precision",
        "float32",
        ("float32", "mixed_bfloat16", "mixed_float16"),
        "Keras dtype policy of the network.",
        flag_values=values,
    )
