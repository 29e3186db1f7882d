import pytest

from trainers.common import expressions
from trainers.common.expressions import Call

LINEAR = Call("linear", {"initial": 1.0, "final": 0.6, "end": 8.0})


class TestLosses:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("per_batch(0.6)", [Call("per_batch", {"target": 0.6})]),
            (
                "per_batch(linear(1, .6, end=8), coefficient=2)",
                [Call("per_batch", {"target": LINEAR, "coefficient": 2.0})],
            ),
            (
                "per_gate([1, linear(1, .6, 8)])",
                [Call("per_gate", {"targets": [1.0, LINEAR]})],
            ),
            (
                "per_gate(aig_resnet50, rate=0.5)",
                [Call("per_gate", {"targets": "aig_resnet50", "rate": 0.5})],
            ),
            (
                "const_quad(0.5, mirrored=True, per='gate')",
                [Call("const_quad", {"target": 0.5, "mirrored": True, "per": "gate"})],
            ),
            (
                "batch_shaping(beta(.6, .4)) + l0() + polarization()",
                [
                    Call(
                        "batch_shaping", {"prior": Call("beta", {"a": 0.6, "b": 0.4})}
                    ),
                    Call("l0", {}),
                    Call("polarization", {}),
                ],
            ),
            ("none", []),
        ],
    )
    def test_read(self, text, expected):
        assert expressions.parse_losses(text) == expected

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "expected gate losses joined by"),
            ("l0", "expected gate losses joined by"),
            ("l0() l0()", "expected gate losses joined by"),
            ("l0() - l0()", "expected gate losses joined by"),
            ("l1()", "expected gate losses joined by"),
            ("linear(1, 0, 3)", "expected gate losses joined by"),
            ("per_batch()", r"per_batch\(target, \[coefficient\], \[gates\]\)"),
            ("per_batch(0.6, 1, 2, 3)", r"expected per_batch\(target"),
            ("per_batch(0.6, target=0.5)", r"expected per_batch\(target"),
            ("per_batch(t=0.6)", r"expected per_batch\(target"),
            ("per_batch(square(1))", "expected one of anneal"),
            ("per_batch(linear(1))", r"expected linear\(initial, final, end, \[begin"),
            ("per_batch(0.5 + 0.1)", r"expected a number, got '0.5 \+ 0.1'"),
            ("per_batch(1e999)", "expected a finite number"),
            ("per_batch(open('x').read())", "expected one of anneal"),
        ],
    )
    def test_something_else(self, text, said):
        with pytest.raises(ValueError, match=said):
            expressions.parse_losses(text)


class TestControl:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("uniform()", Call("uniform", {})),
            ("uniform(0,1)", Call("uniform", {"low": 0.0, "high": 1.0})),
            (
                "uniform(linear(1, .6, 8), high=1)",
                Call("uniform", {"low": LINEAR, "high": 1.0}),
            ),
            ("beta(2, 1)", Call("beta", {"alpha": 2.0, "beta": 1.0})),
            ("constant(1)", Call("constant", {"u": 1.0})),
        ],
    )
    def test_read(self, text, expected):
        assert expressions.parse_control(text) == expected

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "expected one of uniform"),
            ("uniform", "expected one of uniform"),
            ("0.5", "expected one of uniform"),
            ("normal(0, 1)", "expected one of uniform"),
            ("uniform(0, 1) + beta(2, 1)", "expected one of uniform"),
            ("uniform(0, 1, 2)", r"expected uniform\(\[low\], \[high\]\)"),
            ("beta(2)", r"expected beta\(alpha, beta\)"),
            ("uniform(normal(0, 1), 1)", "low of .* a number, or a schedule"),
            ("uniform(low, 1)", "low of .* a number, or a schedule"),
            ("constant(True)", "u of .* a number, or a schedule"),
            ("constant([0.5])", "u of .* a number, or a schedule"),
        ],
    )
    def test_something_else(self, text, said):
        with pytest.raises(ValueError, match=said):
            expressions.parse_control(text)


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [("0.5", 0.5), (2, 2.0), ("-1e-3", -0.001), ("linear(1, 0.6, 8)", LINEAR)],
    )
    def test_read(self, text, expected):
        assert expressions.parse_number(text) == expected

    @pytest.mark.parametrize("text", ["", "x", "nan", "beta(1, 2)", "per_batch(0.5)"])
    def test_something_else(self, text):
        with pytest.raises(ValueError, match="expected a number, or a schedule"):
            expressions.parse_number(text)
