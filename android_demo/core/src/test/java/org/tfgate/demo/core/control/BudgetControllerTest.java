package org.tfgate.demo.core.control;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.List;
import org.junit.Test;
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
    public void defaultsAreThoseOfPython() throws Exception {
        JsonObject vector = null;
        for (JsonObject each : TestVectors.read().objects("cases")) {
            vector = each.text("name").equals("lowest_wins") ? each : vector;
        }
        JsonObject complete = vector.object("settings");
        ControllerSettings settings =
                ControllerSettings.builder().thermal(new ThermalCeilings()).build();
        assertEquals(0.2, settings.risePerSecond(), 0.0);
        assertEquals(1.0, settings.fallPerSecond(), 0.0);
        assertEquals(0.02, settings.deadBand(), 0.0);
        assertEquals(0.0, settings.initialU(), 0.0);
        LoopSettings latency = LatencyTarget.loopBuilder().build();
        assertEquals(complete.object("latency").number("tolerance"), latency.tolerance(), 0.0);
        assertEquals(1.0, latency.trackingSeconds(), 0.0);
        assertEquals(2000.0, BatteryPlan.loopBuilder().build().trackingSeconds(), 0.0);
        assertEquals(2.5, ConfidenceTarget.loopBuilder().build().trackingSeconds(), 0.0);
        LoopSettings integral =
                LatencyTarget.loopBuilder().proportionalGain(0.0).integralGain(0.5).build();
        assertEquals(2.0, integral.trackingSeconds(), 0.0);
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
