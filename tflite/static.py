r"""Makes the static network of a gated one: closed parts are removed beforehand.

    python -m tflite.static --model=model.keras --output=static.tflite \
        --closed=BLOCK,BLOCK:3,BLOCK:8-15 [--quantize=none|dynamic|float16]

`--closed` names blocks, by all of their components or by some, counted from 0; all
others are open. No gate is left. It is the network to which a gated file that decides
so is compared: T_gated / T_static is the overhead of gates and conditions, see
`tflite.benchmark`.
"""

import os
import pathlib
import re
import tempfile

from absl import flags

from tflite import convert as converter
from tflite import errors
from tflite import files
from tflite import metadata
from tflite import quiet
from tflite.errors import InputError
from tflite.metadata import QUANTIZATIONS


def static(model, output, *, closed, quantize="none"):
    """Compacts a gated network by forced decisions and converts what is left.

    Args:
        model: path of a `.keras` file, or a `tfgate.GatedModel`.
        output: path of the `.tflite` file; its directory must exist.
        closed: list of str, the blocks that are closed: `"block"`, or some components,
            `"block:3"` or `"block:8-15"`, both ends included.
        quantize: one of `tflite.metadata.QUANTIZATIONS`.

    Returns:
        `tflite.metadata.Metadata` of the file; its `static` has the decisions.

    Raises:
        InputError: an argument does not fit, or output is the model; nothing is written
            then.
    """
    output = files.writable(output, "--output")
    origin = None
    if isinstance(model, str | os.PathLike):
        path = files.keras_archive(model, "--model")
        files.other_than(output, path)
        origin = {"file": path.name, "sha256": files.fingerprint(path)}
    # Not before: what is wrong so far is reported without waiting for TensorFlow.
    quiet.import_tensorflow()
    import tfgate
    from tflite import source

    model = model if origin is None else source.load(path)
    source.check(model)
    if not isinstance(model, tfgate.GatedModel):
        raise InputError(f"Expected --model with gates, got {model.name!r} without.")
    decisions = _decisions(model, closed)
    try:
        compacted = tfgate.compact(source.in_float32(model), decisions=decisions)
    except ValueError as error:
        raise InputError(
            f"Expected a network that can be compacted, got {model.name!r}: {error}"
        ) from error
    with tempfile.TemporaryDirectory() as directory:
        plain = pathlib.Path(directory) / "plain.tflite"
        description = converter.convert(
            compacted, plain, lowering="dense", quantize=quantize
        )
        flatbuffer = plain.read_bytes()[: description["flatbuffer"]["bytes"]]
    content, description = metadata.append(
        flatbuffer, description.document | {"source": origin, "static": decisions}
    )
    with files.replaced(output) as unfinished:
        unfinished.write_bytes(content)
    return description


def _decisions(model, closed):
    """Gate name -> list of 0 and 1, one for each component."""
    gates = {block.name: block.gate for block in model.blocks}
    decisions = {gate.name: [1] * gate.components for gate in gates.values()}
    for text in closed:
        name, _, span = text.partition(":")
        if name not in gates:
            raise InputError(
                f"Expected --closed among the blocks {', '.join(gates)}, got {name!r}."
            )
        for component in _components(text, span, gates[name].components):
            decisions[gates[name].name][component] = 0
    return decisions


def _components(text, span, size):
    if not span:
        return range(size)
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", span)
    first, last = (0, size) if found is None else (found[1], found[2] or found[1])
    if not int(first) <= int(last) < size:
        raise InputError(
            f"Expected --closed with components from 0 to {size - 1}, as BLOCK:3 or "
            f"BLOCK:8-15, got {text!r}."
        )
    return range(int(first), int(last) + 1)


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_string("model", None, "The gated network, a .keras file.")
    flags.DEFINE_string("output", None, "The .tflite file to write.")
    flags.DEFINE_list("closed", [], "Closed blocks: BLOCK, BLOCK:3 or BLOCK:8-15.")
    flags.DEFINE_string(
        "quantize", "none", f"Numbers of the weights: {', '.join(QUANTIZATIONS)}."
    )
    flags.mark_flags_as_required(["model", "output"])


def main():
    """Writes the file as the flags say and prints what it costs."""
    values = flags.FLAGS
    description = static(
        values.model, values.output, closed=values.closed, quantize=values.quantize
    )
    decided = [z for decisions in description.static.values() for z in decisions]
    print(
        f"{decided.count(0)} of {len(decided)} components closed, "
        f"{description['macs']['dense']:,} MACs per image"
    )
    print(f"wrote {values.output}, {os.path.getsize(values.output):,} bytes")


if __name__ == "__main__":
    errors.run(main, define_flags)
