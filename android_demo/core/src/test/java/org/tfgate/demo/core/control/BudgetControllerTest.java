package org.tfgate.demo.core.control;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.List;
import org.junit.Test;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonReader;

public final class BudgetControllerTest {
    @Test
    public void refusesTheInvalidSettingsOfTheVectors() throws Exception {
        List<JsonObject> vectors = TestVectors.read().objects("invalid_settings");
        assertTrue(vectors.size() > 50);
        for (JsonObject vector : vectors) {
            JsonObject settings = vector.object("settings");
            try {
                ControllerSettingsReader.read(settings);
                fail(settings.path() + ": not refused");
            } catch (IllegalArgumentException error) {
                String name = TestVectors.argumentOf(error).replace(",", "");
                assertEquals(settings.path(), vector.text("error"), name);
            }
        }
    }

    @Test
    public void refusesTheInvalidStatesOfTheVectors() throws Exception {
        List<JsonObject> vectors = TestVectors.read().objects("invalid_states");
        assertTrue(vectors.size() > 10);
        for (JsonObject vector : vectors) {
            BudgetController controller = controller(vector.object("settings"));
            ControllerState before = controller.state();
            String refused = refusal(controller, vector);
            assertEquals(vector.path(), vector.text("error"), refused);
            assertEquals(before.time(), controller.state().time());
            assertEquals(before.u(), controller.state().u(), 0.0);
        }
    }

    @Test
    public void defaultsAreThoseOfPython() {
        // tfgate/control/signals.py and controller.py
        assertLoop(new double[] {0.3, 0.3, 0.5, 0.02, 5.0, 1.0}, LatencyTarget.loopBuilder());
        assertLoop(new double[] {20.0, 0.01, 30.0, 0.0, 600.0, 2000.0}, BatteryPlan.loopBuilder());
        assertLoop(new double[] {0.5, 0.2, 2.0, 0.01, 5.0, 2.5}, ConfidenceTarget.loopBuilder());
        BatteryPlan plan = new BatteryPlan(0.0, 10.0);
        assertEquals(1.0, plan.plannedShare(0.0), 0.0);
        assertEquals(0.0, plan.plannedShare(10.0), 0.0);
        ThermalCeilings thermal = new ThermalCeilings();
        double[] ceilings = {1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0};
        for (ThermalStatus status : ThermalStatus.values()) {
            assertEquals(ceilings[status.ordinal()], thermal.ceiling(status), 0.0);
        }
        assertEquals(Double.POSITIVE_INFINITY, thermal.holdSeconds(), 0.0);
        ControllerSettings settings = ControllerSettings.builder().thermal(thermal).build();
        double[] numbers = {
            settings.lowerLimit(), settings.upperLimit(), settings.risePerSecond(),
            settings.fallPerSecond(), settings.deadBand(), settings.safeU(), settings.initialU()
        };
        assertArrayEquals(new double[] {0.0, 1.0, 0.2, 1.0, 0.02, 0.0, 0.0}, numbers, 0.0);
        ControllerSettings safe =
                ControllerSettings.builder().thermal(thermal).safeU(0.25).build();
        assertEquals(0.25, safe.initialU(), 0.0);
    }

    @Test
    public void trackingTimeFollowsTheGains() {
        LoopSettings.Builder builder = LatencyTarget.loopBuilder().integralGain(0.5);
        assertEquals(0.6, builder.build().trackingSeconds(), 0.0);
        assertEquals(2.0, builder.proportionalGain(0.0).build().trackingSeconds(), 0.0);
        assertEquals(7.0, builder.trackingSeconds(7.0).build().trackingSeconds(), 0.0);
    }

    private static void assertLoop(double[] expected, LoopSettings.Builder builder) {
        LoopSettings loop = builder.build();
        double[] got = {
            loop.proportionalGain(), loop.integralGain(), loop.filterSeconds(), loop.tolerance(),
            loop.holdSeconds(), loop.trackingSeconds()
        };
        assertArrayEquals(expected, got, 0.0);
    }

    @Test
    public void settingsWithAnUnknownNameAreRefused() throws Exception {
        Object json = JsonReader.read("{\"latency\": {\"target_ms\": 30, \"target\": 1}}");
        try {
            ControllerSettingsReader.read(JsonObject.of(json, "settings"));
            fail();
        } catch (JsonException error) {
            assertTrue(
                    error.getMessage(),
                    error.getMessage().startsWith("Expected settings.latency to have only"));
        }
    }

    @Test
    public void aSetPointIsNeeded() throws Exception {
        Object json = JsonReader.read("{\"latency\": {}}");
        try {
            ControllerSettingsReader.read(JsonObject.of(json, "settings"));
            fail();
        } catch (JsonException error) {
            assertEquals(
                    "Expected settings.latency.target_ms to be a number, got null.",
                    error.getMessage());
        }
    }

    @Test
    public void batteryPlanIsALineBetweenItsEnds() {
        BatteryPlan plan = new BatteryPlan(100.0, 300.0, 0.9, 0.5, BatteryPlan.loopBuilder().build());
        assertEquals(0.9, plan.plannedShare(0.0), 0.0);
        assertEquals(0.7, plan.plannedShare(200.0), 1e-15);
        assertEquals(0.5, plan.plannedShare(400.0), 0.0);
    }

    private static BudgetController controller(JsonObject settings) throws JsonException {
        return new BudgetController(ControllerSettingsReader.read(settings));
    }

    private static String refusal(BudgetController controller, JsonObject vector)
            throws JsonException {
        // As the vectors name what is in it.
        JsonObject holder = vector.object("state");
        try {
            controller.restore(ControllerState.read(holder));
        } catch (IllegalArgumentException error) {
            return name(error, holder);
        } catch (JsonException error) {
            return name(error, holder);
        }
        return "not refused";
    }

    private static String name(Exception error, JsonObject holder) {
        return TestVectors.argumentOf(error).replace(holder.path(), "state");
    }
}
