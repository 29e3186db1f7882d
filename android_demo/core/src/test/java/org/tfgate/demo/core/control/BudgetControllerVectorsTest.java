package org.tfgate.demo.core.control;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.ArrayList;
import java.util.List;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;
import org.junit.runners.Parameterized.Parameters;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonReader;
import org.tfgate.demo.core.json.JsonWriter;

/** Every case of the test vectors, bit for bit. */
@RunWith(Parameterized.class)
public final class BudgetControllerVectorsTest {
    private final JsonObject vector;

    public BudgetControllerVectorsTest(String name, JsonObject vector) {
        this.vector = vector;
    }

    @Parameters(name = "{0}")
    public static List<Object[]> cases() throws Exception {
        List<Object[]> cases = new ArrayList<Object[]>();
        for (JsonObject vector : TestVectors.read().objects("cases")) {
            cases.add(new Object[] {vector.text("name"), vector});
        }
        assertTrue("only " + cases.size() + " cases", cases.size() >= 33);
        return cases;
    }

    @Test
    public void givesTheSameBits() throws Exception {
        ControllerSettings settings = ControllerSettingsReader.read(vector.object("settings"));
        BudgetController controller = new BudgetController(settings);
        if (vector.has("restore")) {
            controller.restore(ControllerState.read(vector.object("restore")));
        }
        for (JsonObject step : vector.objects("steps")) {
            run(step, controller);
        }
        assertEquals(text(ControllerState.read(vector.object("state"))), text(controller.state()));
    }

    /** A controller that is put away and restored before every call notices nothing. */
    @Test
    public void aRestoredControllerGivesTheSameBits() throws Exception {
        ControllerSettings settings = ControllerSettingsReader.read(vector.object("settings"));
        BudgetController controller = new BudgetController(settings);
        if (vector.has("restore")) {
            controller.restore(ControllerState.read(vector.object("restore")));
        }
        for (JsonObject step : vector.objects("steps")) {
            Object state = JsonReader.read(text(controller.state()));
            controller = new BudgetController(settings);
            controller.restore(ControllerState.read(JsonObject.of(state, "state")));
            run(step, controller);
        }
    }

    private static void run(JsonObject step, BudgetController controller) throws JsonException {
        JsonObject call = step.object("call");
        Measurements measured = Measurements.none();
        if (call.has("latency_ms")) {
            measured = measured.withLatencyMs(call.number("latency_ms"));
        }
        if (call.has("battery_share")) {
            measured = measured.withBatteryShare(call.number("battery_share"));
        }
        if (call.has("confidence")) {
            measured = measured.withConfidence(call.number("confidence"));
        }
        if (call.has("thermal_status")) {
            measured = measured.withThermalStatus(call.integer("thermal_status"));
        }
        String where = step.path();
        if (step.has("error")) {
            String before = text(controller.state());
            try {
                controller.update(call.number("time"), measured);
                fail(where + ": not refused");
            } catch (IllegalArgumentException error) {
                assertEquals(where, step.text("error"), TestVectors.argumentOf(error));
            }
            assertEquals(where, before, text(controller.state()));
            return;
        }
        assertSameBits(where, step.number("u"), controller.update(call.number("time"), measured));
        assertSameBits(where, step.number("u"), controller.u());
        assertSameBits(where, step.number("target"), controller.target());
    }

    private static void assertSameBits(String where, double expected, double got) {
        if (Double.doubleToRawLongBits(expected) != Double.doubleToRawLongBits(got)) {
            fail(where + ": expected " + expected + ", got " + got);
        }
    }

    private static String text(ControllerState state) {
        JsonWriter json = new JsonWriter();
        state.write(json);
        return json.toText();
    }
}
