"""BudgetController: its state, its settings as JSON, bad input."""

import json
import math
import random

import numpy as np
import pytest

from tfgate.control import BatteryPlan
from tfgate.control import BudgetController
from tfgate.control import ConfidenceTarget
from tfgate.control import LatencyTarget
from tfgate.control import ThermalCeilings

TARGET = 30.0


class TestState:
    def controller(self):
        return BudgetController(
            latency=LatencyTarget(target_ms=TARGET),
            battery=BatteryPlan(start_time=0.0, end_time=100.0),
            thermal=ThermalCeilings(),
            confidence=ConfidenceTarget(target=0.8),
            initial_u=0.4,
        )

    def calls(self):
        generator = random.Random(0)
        return [
            {
                "time": 0.3 * step,
                "latency_ms": 20.0 + 20.0 * generator.random(),
                "confidence": generator.random(),
                "battery_share": 1.0 - 0.003 * step if step % 10 == 0 else None,
                "thermal_status": generator.randrange(3) if step % 7 == 0 else None,
            }
            for step in range(60)
        ]

    @pytest.mark.parametrize("after", [0, 1, 17, 42])
    def test_continues_bit_for_bit_through_json(self, after):
        whole, first = self.controller(), self.controller()
        for call in self.calls()[:after]:
            whole.update(**call)
            first.update(**call)
        second = BudgetController.from_config(
            json.loads(json.dumps(first.get_config()))
        )
        second.restore(json.loads(json.dumps(first.state())))
        assert second.u == first.u
        for call in self.calls()[after:]:
            assert second.update(**call) == whole.update(**call)
        assert second.state() == whole.state()

    def test_state_does_not_change_with_the_controller(self):
        controller = self.controller()
        controller.update(**self.calls()[0])
        state = controller.state()
        before = json.dumps(state)
        controller.update(**self.calls()[1])
        assert json.dumps(state) == before

    def test_wrong_state_changes_nothing(self):
        controller = self.controller()
        for call in self.calls()[:9]:
            controller.update(**call)
        before = controller.state()
        wrong = self.controller().state()
        wrong["loops"]["confidence"]["integral"] = math.nan
        with pytest.raises(ValueError, match=r"state\.loops\.confidence\.integral"):
            controller.restore(wrong)
        assert controller.state() == before

    def test_config_round_trip(self):
        config = self.controller().get_config()
        again = BudgetController.from_config(config)
        assert again.get_config() == config
        assert config["latency"]["tracking_seconds"] == 1.0
        assert json.loads(json.dumps(config)) == config


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "Expected latency, battery, thermal or confidence to be given"),
            ({"latency": 30.0}, "Expected latency to be LatencyTarget, got 30.0"),
            ({"thermal": [1.0]}, "Expected thermal to be ThermalCeilings, got"),
            ({"dead_band": math.nan}, "Expected dead_band to be a finite .* got nan"),
            ({"lower_limit": 0.5}, "Expected safe_u to be .* >= 0.5 and <= 1"),
            ({"rise_per_second": 0}, "Expected rise_per_second to be .* > 0, got 0"),
            ({"safe_u": True}, "Expected safe_u to be .*, got True"),
            ({"initial_u": "1"}, "Expected initial_u to be .*, got '1'"),
        ],
    )
    def test_settings(self, arguments, message):
        latency = {"latency": LatencyTarget(target_ms=30.0)} if arguments else {}
        with pytest.raises(ValueError, match=message):
            BudgetController(**{**latency, **arguments})

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            ({"time": 0.9}, r"Expected time to be a finite number >= 1, got 0\.9"),
            ({"time": math.nan}, "Expected time .* got nan"),
            ({"latency_ms": 0.0}, r"Expected latency_ms .* > 0, got 0\.0"),
            ({"latency_ms": "fast"}, "Expected latency_ms .* got 'fast'"),
            ({"thermal_status": 2.5}, "Expected thermal_status .* 0 to 6, got 2.5"),
            ({"thermal_status": True}, "Expected thermal_status .* got True"),
            ({"confidence": 0.5}, "confidence to be None, because .* without"),
        ],
    )
    def test_calls_change_nothing(self, call, message):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET), thermal=ThermalCeilings()
        )
        controller.update(1.0, latency_ms=20.0)
        before = controller.state()
        with pytest.raises(ValueError, match=message):
            controller.update(
                **{"time": 2.0, "latency_ms": 20.0, "thermal_status": 1, **call}
            )
        assert controller.state() == before

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ([], "Expected config to be a dict"),
            ({"latncy": {}}, "Expected config to have only the keys .*latncy"),
            ({"latency": {}}, "Expected target_ms to be in latency"),
            ({"latency": {"target": 1}}, "Expected latency to have only .*'target'"),
        ],
    )
    def test_config(self, config, message):
        with pytest.raises(ValueError, match=message):
            BudgetController.from_config(config)

    def test_numpy_numbers_are_numbers(self):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=np.float32(30)), thermal=ThermalCeilings()
        )
        u = controller.update(
            np.float32(0), latency_ms=np.float32(20), thermal_status=np.int64(1)
        )
        assert isinstance(u, float)
        json.dumps([controller.get_config(), controller.state()])
