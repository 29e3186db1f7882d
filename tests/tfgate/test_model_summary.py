"""GatedModel: the tables it prints."""

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks


def read(model):
    printed = []
    model.summary_gates(print_fn=printed.append)
    lines = "\n".join(printed).splitlines()
    return [line.split() for line in lines if line and set(line) != {"-"}]


def test_before_training():
    rows = read(builders.tiny_model(gate=tfgate.DependentGate))
    assert rows == [
        ["block", "gate", "components", "MACs/component", "gate", "MACs", "rate"],
        ["first_block", "first", "(DependentGate)", "1", "9,216", "96", "-"],
        ["second_block", "second", "(DependentGate)", "1", "2,304", "96", "-"],
        ["third_block", "third", "(DependentGate)", "1", "2,304", "96", "-"],
        ["total", "3", "gates", "3", "13,824", "288", "-"],
        (
            "MACs per image: dense 21,004, all gates open 21,292, all closed 7,468"
        ).split(),
    ]


def test_filter_gates_have_a_row_per_place():
    block = filter_blocks.make_block(
        filter_blocks.basic(),
        places=("inner", "output"),
        filters_per_gate={"inner": 3, "output": 2},
        groups_always_open={"inner": 0, "output": 1},
    )
    model = filter_blocks.make_model(block)
    rows = [" ".join(row) for row in read(model)[1:5]]
    whole = 36 * 9 * 8 * 6
    saved = [whole * 2 // 2, whole // 4]  # both convolutions, and the last alone
    assert rows == [
        f"block block_gate (IndependentGate) 5 {saved[1]:,} to {saved[0]:,} 0 -",
        f"inner1 6 filters by 3 2 {saved[0]:,}",
        f"output 8 filters by 2, 2 always open 3 {saved[1]:,}",
        f"total 1 gates 5 {model.costs.all_open - model.costs.all_closed:,} 0 -",
    ]


def test_rates_of_the_last_evaluation():
    model = builders.compile_plainly(builders.tiny_model())
    builders.set_open_probability(model.get_layer("second_block").gate, 0.1)
    model.evaluate(builders.make_images(4), builders.make_labels(4), verbose=0)
    rows = read(model)
    assert [row[-1] for row in rows[1:5]] == ["1.000", "0.000", "1.000", "0.667"]


def test_columns_are_aligned():
    printed = []
    builders.tiny_model().summary_gates(print_fn=printed.append)
    table = printed[0].splitlines()
    assert len({len(line) for line in table}) == 1


def test_prints_by_default(capsys):
    builders.tiny_model().summary_gates()
    assert "first (IndependentGate)" in capsys.readouterr().out


def test_layers_of_the_network():
    printed = []
    builders.tiny_model().summary(print_fn=lambda text, **_: printed.append(text))
    assert "second_block" in "\n".join(printed)
