"""The networks by name: what each takes of the flags, and what it can do.

Nothing here imports TensorFlow, so that a wrong flag is reported at once; whether
numbers of filters and groups fit, `tfgate.applications` says when it builds.
"""

import dataclasses

from trainers.common.errors import UserError

BLOCK, FILTERS, EXPANSION, GROUPS = "block", "filters", "expansion", "groups"
_OF_ONE_SIZE = ("cs-cifar-8", "cs-cifar-4", "cs-cifar-2", "cs-cifar-1")
_OF_FOUR_STAGES = ("cs-low", "cs-medium")

DEFAULT = "cifar_resnet"
USUAL_FILTERS = 64  # default of `--filters`, where a network takes it

_OF_BLOCKS = (BLOCK, "bas")


@dataclasses.dataclass(frozen=True)
class Kind:
    """What is to be known of a network before it is built.

    Attributes:
        application: its function in `tfgate.applications`.
        takes: those of the flags of networks that not all networks take.
        granularities: choices of `--granularity`, those that fit at least one depth or
            width of the network; the first is the default.
        depth: default of `--depth`, where the network takes it.
        paths: defaults of `--cardinality` and `--group_width`, where it takes them.
        fractional: whether `--width` may be any number above 0; else it is whole.
        shortcuts: whether its blocks have shortcuts that they could go without.
        projections: whether some shortcuts are convolutions, which have filters. None
            says that `--shortcut` decides.
        preprocessing: what the weights of keras.applications need; None where it has
            none.
        image_size: height and width of the images that it was made for.
        classes: number of classes of these.
    """

    application: str
    takes: tuple[str, ...] = ()
    granularities: tuple[str, ...] = (*_OF_BLOCKS, FILTERS)
    depth: int | None = None
    paths: tuple[int, int] | None = None
    fractional: bool = False
    shortcuts: bool = True
    projections: bool | None = False
    preprocessing: str | None = None
    image_size: int = 224
    classes: int = 1000


def _cifar(application, **values):
    return Kind(application, **values, image_size=32, classes=10)


def _resnet(application, bottlenecks):
    return Kind(
        application,
        takes=(
            *("zero_init_residual", "early_exit"),
            *(("stride_on",) if bottlenecks else ()),
        ),
        granularities=(*_OF_BLOCKS, *_OF_FOUR_STAGES, *_OF_ONE_SIZE, FILTERS),
        projections=True,
        preprocessing="caffe" if bottlenecks else None,
    )


def _densenet(application):
    return Kind(
        application,
        takes=("early_exit",),
        granularities=(*_OF_BLOCKS, *_OF_ONE_SIZE, FILTERS),
        fractional=True,
        shortcuts=False,
        preprocessing="torch",
    )


NETWORKS = {
    "cifar_resnet": _cifar(
        "CifarResNet",
        takes=("depth", "block", "shortcut", "zero_init_residual", "early_exit"),
        granularities=(*_OF_BLOCKS, *_OF_ONE_SIZE, FILTERS),
        depth=20,
        projections=None,
    ),
    "cifar_resnext": _cifar(
        "CifarResNeXt",
        takes=(
            *("depth", "cardinality", "group_width", "filters"),
            *("zero_init_residual", "early_exit"),
        ),
        granularities=(BLOCK, GROUPS, FILTERS),
        depth=29,
        paths=(8, 64),
        projections=True,
    ),
    "cifar_densenet": _cifar(
        "CifarDenseNet",
        takes=("depth", "early_exit"),
        # Twelve filters, which every layer appends, are not in groups of 8.
        granularities=(*_OF_BLOCKS, *_OF_ONE_SIZE[1:], FILTERS),
        depth=100,
        fractional=True,
        shortcuts=False,
    ),
    "cifar_vgg": _cifar(
        "CifarVGG",
        takes=("filters",),
        granularities=(GROUPS, FILTERS),
        shortcuts=False,
    ),
    "resnet18": _resnet("ResNet18", bottlenecks=False),
    "resnet34": _resnet("ResNet34", bottlenecks=False),
    "resnet50": _resnet("ResNet50", bottlenecks=True),
    "resnet101": _resnet("ResNet101", bottlenecks=True),
    "resnet152": _resnet("ResNet152", bottlenecks=True),
    "resnext50": Kind(
        "ResNeXt50",
        takes=("zero_init_residual", "early_exit"),
        # The other presets divide its paths.
        granularities=(BLOCK, GROUPS, "cs-low", FILTERS),
        projections=True,
    ),
    "densenet121": _densenet("DenseNet121"),
    "densenet169": _densenet("DenseNet169"),
    "vgg16": Kind(
        "VGG16",
        granularities=(GROUPS, FILTERS),
        shortcuts=False,
        preprocessing="caffe",
    ),
    "mobilenet_v2": Kind(
        "MobileNetV2",
        granularities=(BLOCK, EXPANSION, "bas", *_OF_ONE_SIZE, FILTERS),
        fractional=True,
        preprocessing="tf",
    ),
}
GRANULARITIES = tuple(
    dict.fromkeys(g for kind in NETWORKS.values() for g in kind.granularities)
)
STRIDES_ON = ("3x3", "1x1")
IMAGENET = "imagenet"  # as a value of --weights


def that_take(flag):
    """Names of the networks that take a flag."""
    return [name for name, kind in NETWORKS.items() if flag in kind.takes]


def _need(flag):
    takers = that_take(flag)
    return "network", takers.__contains__, f"--network={' or '.join(takers)}"


# What gives the flags of networks an effect, as in `trainers.common.settings`.
NEEDS = {
    flag: _need(flag)
    for flag in (
        "depth",
        "cardinality",
        "group_width",
        "filters",
        "block",
        "shortcut",
        "stride_on",
        "zero_init_residual",
        "early_exit",
    )
}


def complete(settings):
    """Puts the network's own defaults where a flag that has an effect was not given.

    Args:
        settings: `trainers.common.settings.Settings`, changed in place.
    """
    kind = NETWORKS[settings.network]
    pretrained = settings.weights == IMAGENET
    if "depth" in kind.takes and settings.depth is None:
        settings.depth = kind.depth
    if "filters" in kind.takes and settings.filters is None:
        settings.filters = USUAL_FILTERS
    if kind.paths:
        settings.cardinality = settings.cardinality or kind.paths[0]
        settings.group_width = settings.group_width or kind.paths[1]
    if "stride_on" in kind.takes and settings.stride_on is None:
        settings.stride_on = "1x1" if pretrained else "3x3"
    if pretrained and settings.preprocessing is None:
        settings.preprocessing = kind.preprocessing
    if settings.gate in ("none", "stochastic_depth"):
        return
    if settings.granularity is None:
        settings.granularity = usual_granularity(settings)
    grouped = settings.granularity in (FILTERS, EXPANSION)
    if grouped and settings.filters_per_gate is None:
        settings.filters_per_gate = [8 if settings.granularity == EXPANSION else 1]


def usual_granularity(settings):
    """The granularity that the settings' network has unless they name one."""
    kind = NETWORKS[settings.network]
    if settings.gating is not None and GROUPS in kind.granularities:
        return GROUPS  # TNN's choice for ResNeXts
    return kind.granularities[0]


def check(settings):
    """Checks that the flags of the network fit together.

    Args:
        settings: `trainers.common.settings.Settings`, complete.

    Raises:
        UserError: they do not.
    """
    kind, name = NETWORKS[settings.network], settings.network
    _check_depth(settings)
    if not kind.fractional and (settings.width < 1 or settings.width % 1):
        raise UserError(
            f"expected a whole --width of at least 1 for --network={name}, got "
            f"{settings.width:g}"
        )
    if settings.weights == IMAGENET:
        _check_published(settings, kind)
    if settings.gate == "stochastic_depth":
        _check_stochastic_depth(settings, kind)
    elif settings.gate != "none":
        _check_granularity(settings, kind)


def _check_depth(settings):
    if settings.depth is None:
        return
    blocks, more, of = {
        "cifar_resnet": (
            {"basic": 6, "bottleneck": 9}.get(settings.block),
            2,
            f"--block={settings.block}",
        ),
        "cifar_resnext": (9, 2, "--network=cifar_resnext"),
        "cifar_densenet": (6, 4, "--network=cifar_densenet"),
    }[settings.network]
    if settings.depth < blocks + more or (settings.depth - more) % blocks:
        raise UserError(
            f"expected --depth={blocks} n + {more} for {of}, got {settings.depth}"
        )


def _check_published(settings, kind):
    name = settings.network
    if kind.preprocessing is None:
        raise UserError(
            f"expected --weights=FILE for --network={name}, got imagenet: "
            "keras.applications has none; tools.torch_weights converts those of "
            "torchvision's networks"
        )
    if settings.stride_on == "3x3":
        raise UserError(
            "expected --stride_on=1x1 with --weights=imagenet, which were trained so, "
            "got 3x3"
        )


def _check_stochastic_depth(settings, kind):
    if settings.early_exit:
        raise UserError(
            "expected --gate=none, independent or dependent with --early_exit, got "
            "stochastic_depth, whose gates average where those of exits decide"
        )
    if BLOCK not in kind.granularities:
        raise UserError(
            f"expected --gate=none, independent or dependent for "
            f"--network={settings.network}, got stochastic_depth: no block could be "
            "left out, for lack of shortcuts"
        )


def _check_granularity(settings, kind):
    name, granularity = settings.network, settings.granularity
    if granularity not in kind.granularities:
        raise UserError(
            f"expected --granularity to be one of {', '.join(kind.granularities)} for "
            f"--network={name}, got {granularity}"
        )
    if granularity != FILTERS:
        return
    projections = kind.projections
    if projections is None:
        projections = settings.shortcut == "projection"
    if "shortcut" in settings.places and not (projections and settings.residual):
        raise UserError(
            f"expected --places without shortcut for --network={name}, whose shortcuts "
            "have no filters here"
        )
    _check_residual(settings, kind)


def _check_residual(settings, kind):
    name = settings.network
    if BLOCK not in kind.granularities:
        if settings.residual or settings.groups_always_open < 1:
            raise UserError(
                "expected --noresidual and --groups_always_open of at least 1 with "
                f"--granularity=filters for --network={name}: it has no shortcuts, so "
                "with every group closed nothing of the image would be left"
            )
    elif not (settings.residual or kind.shortcuts):
        raise UserError(
            f"--noresidual has no meaning for --network={name}, which appends to its "
            "input and adds nothing: leave it out"
        )
