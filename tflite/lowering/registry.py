"""Which lowerings exist for which class of blocks.

A lowering is a function `(block, x, context) -> KerasTensor` that builds what stands
in the place of a block in the export graph:

    @registry.register(tfgate.GatedResidual, "if")
    def lower_if(block, x, context): ...

| name | what the file computes |
|---|---|
| `if` | the gate, then only the components that it opens |
| `masked` | everything, and multiplies by the decisions, as Keras does |
| `open` | every component, no gate |
| `closed` | no component, no gate |
| `levels` | one of a few widths, which an input u chooses |
| `groups` | the gate, then the clusters of filters with an open one; masks inside |
| `gather` | the same, but 1x1 convolutions of exactly the filters that are open |
| `variants` | the gate, then of the block or its parts the smallest network that does |
"""

from tflite.errors import InputError

NAMES = ("if", "masked", "open", "closed", "levels", "groups", "gather", "variants")

_LOWERINGS = {}


def register(block_class, name):
    """Returns a decorator that registers a lowering.

    Args:
        block_class: subclass of `tfgate.GatedBlock`.
        name: one of `NAMES`.

    Raises:
        ValueError: the name is unknown, or taken for this class.
    """
    if name not in NAMES:
        raise ValueError(f"Expected a lowering among {NAMES}, got {name!r}.")

    def decorate(function):
        lowerings = _LOWERINGS.setdefault(block_class, {})
        if name in lowerings:
            raise ValueError(
                f"Expected one lowering {name!r} for {block_class.__name__}, got two."
            )
        lowerings[name] = function
        return function

    return decorate


def find(block, name):
    """Finds a lowering.

    A subclass does not inherit the lowerings of its base: it may compute something
    else, and the file would be wrong.

    Args:
        block: a gated block.
        name: one of `NAMES`.

    Returns:
        The function.

    Raises:
        InputError: the block's class has no such lowering.
    """
    lowerings = _LOWERINGS.get(type(block), {})
    if name not in lowerings:
        choices = ", ".join(candidates(block)) or "none"
        raise InputError(
            f"Expected block {block.name!r} of class {type(block).__name__} to have "
            f"the lowering {name!r}, got only: {choices}; where its gates always "
            "decide alike, make a plain network of it with tfgate.compact, and convert "
            "that."
        )
    return lowerings[name]


def candidates(block):
    """Names of the lowerings that a block's class has, sorted; a list."""
    return sorted(_LOWERINGS.get(type(block), {}))
