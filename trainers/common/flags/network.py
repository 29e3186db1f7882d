"""Flags of the network and of the weights that it starts from."""

from absl import flags

from trainers.common import networks

PREPROCESSINGS = ("torch", "caffe", "tf")


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_enum(
        "network",
        networks.DEFAULT,
        tuple(networks.NETWORKS),
        "The network. Those that begin with cifar_ are for images of 32 x 32 pixels, "
        "the others for ImageNet's.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "depth",
        None,
        "Layers of a CIFAR network. cifar_resnet: 6 n + 2, such as 20, 32, 56 or 110; "
        "with --block=bottleneck 9 n + 2, such as 29, 56, 110 or 164. cifar_resnext: "
        "9 n + 2. cifar_densenet: 6 n + 4. Default: 20, 29 and 100.",
        lower_bound=8,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "cardinality",
        None,
        "With --network=cifar_resnext: paths of each block. Default: 8; TNN gates 16.",
        lower_bound=2,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "group_width",
        None,
        "With --network=cifar_resnext: filters of each path in the first stage, twice "
        "and four times as many in the others. Default: 64.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "filters",
        None,
        "With --network=cifar_resnext: filters of the first convolution; the blocks "
        "give 4, 8 and 16 times as many. With cifar_vgg: of the first stage; the "
        "others have 2 and 4 times as many, the fully connected layer 64 times. "
        "Default: 64.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_enum(
        "block",
        "basic",
        ("basic", "bottleneck"),
        "With --network=cifar_resnet: residual blocks of two 3x3 convolutions, or of "
        "1x1, 3x3 and 1x1.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "shortcut",
        "identity",
        ("identity", "projection"),
        "With --network=cifar_resnet: shortcuts where the size changes: without "
        "parameters (option A of He et al. 2016), or a 1x1 convolution (option B).",
        flag_values=values,
    )
    flags.DEFINE_float(
        "width",
        1.0,
        "Factor on the filters between the convolutions of each block (BAS 5.1: 10 and "
        "20); of a VGG and of mobilenet_v2, on all filters. Whole numbers from 1, but "
        "any number above 0 for DenseNets and mobilenet_v2 (PG S1.3: 1.4).",
        lower_bound=1e-3,
        flag_values=values,
    )
    flags.DEFINE_enum(
        "stride_on",
        None,
        networks.STRIDES_ON,
        "With resnet50, 101 and 152: the convolution of a block that halves the size: "
        "3x3, as in torchvision and the programs of the papers, or the first 1x1, as "
        "in keras.applications. Default: 1x1 with --weights=imagenet, else 3x3.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "zero_init_residual",
        False,
        "With ResNets and ResNeXts: starts the last batch norm of each branch with a "
        "scale of zero, so that every block starts as its shortcut (Goyal et al. "
        "2017).",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "precision",
        "float32",
        ("float32", "mixed_bfloat16", "mixed_float16"),
        "Keras dtype policy of the network. Weights, gates and their losses are "
        "float32 in any case. mixed_float16 trains with dynamic loss scaling: a step "
        "whose gradients overflow is skipped.",
        flag_values=values,
    )
    _define_weights(values)


def _define_weights(values):
    """Flags of a pretrained start."""
    flags.DEFINE_string(
        "weights",
        None,
        "Weights to start from, by layer name: a .keras file (of a run, of "
        "tools.torch_weights, of keras.applications) or .h5 weights of the dense "
        "network, or imagenet, those of keras.applications, which it downloads unless "
        "it has them. Gates start afresh unless the file has them. Default: random.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "preprocessing",
        None,
        PREPROCESSINGS,
        "What the network does with images in 0..255 first: torch (torchvision's mean "
        "and deviation), caffe (the mean is subtracted; the channels' order, BGR, is "
        "seen to in the weights) or tf (x / 127.5 - 1). Default: what --weights need "
        "if they are imagenet's or a run's, else the data set's own mean and "
        "deviation, which for imagenet2012 are torch's.",
        flag_values=values,
    )
