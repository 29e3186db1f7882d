import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tests.tflite import builders
from tests.tflite.structure import Structure
from tflite import runtime
from tflite.benchmark import blocks

TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}


def test_cuts_branches_with_their_operations(converted, tmp_path):
    path = converted("dependent", **TAU_INPUT)
    cut = blocks.cut(path.read_bytes())
    assert len(cut) == len(builders.NAMES)
    for (_, contents), expected in zip(cut, Structure(path).branches, strict=True):
        for content, operations in zip(contents, expected, strict=True):
            alone = tmp_path / "alone.tflite"
            alone.write_bytes(content)
            assert Structure(alone).subgraphs == [operations]


def test_branches_compute_what_they_do_in_the_file(converted, images):
    path = converted("dependent", **TAU_INPUT)
    x = images[:1]
    # The stem and the head stay in the file: only the blocks can be compared, by the
    # tensors between them.
    whole = Interpreter(
        model_path=str(path), experimental_preserve_all_tensors=True, num_threads=1
    )
    whole.allocate_tensors()
    network = runtime.Network(path)
    for tau, branch in ((0.0, 0), (1.0, 1)):
        network.set_dial(tau)
        by_name = {t["name"]: t["index"] for t in whole.get_tensor_details()}
        whole.set_tensor(by_name["serving_default_tau:0"], np.float32(tau))
        whole.set_tensor(by_name["serving_default_images:0"], x)
        whole.invoke()
        # The third block's shortcut has no weights: its IF reads the second's result.
        _, (second, _), (third, contents) = blocks.cut(path.read_bytes())
        alone = Interpreter(model_content=contents[branch], num_threads=1)
        alone.allocate_tensors()
        (given,), (got,) = alone.get_input_details(), alone.get_output_details()
        alone.set_tensor(given["index"], whole.get_tensor(by_name[second]))
        alone.invoke()
        expected = whole.get_tensor(by_name[third])
        np.testing.assert_allclose(
            alone.get_tensor(got["index"]), expected, rtol=1e-5, atol=1e-5
        )
        assert np.any(expected)


def test_names_blocks_by_the_longest_match():
    names = ["conv1", "conv1_block1", "conv1_block10"]
    name = "resnet_export_1/conv1_block10_1/cond"
    assert blocks._block(name, names) == "conv1_block10"
    assert blocks._block("other/cond", names) == "other/cond"
