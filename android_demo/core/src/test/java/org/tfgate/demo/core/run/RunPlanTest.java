package org.tfgate.demo.core.run;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.Test;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.metadata.Dial;

public final class RunPlanTest {
    private static final EngineOptions OPTIONS = new EngineOptions("serving_default", 1, true);
    private static final List<Configuration> ONE =
            Collections.singletonList(Configuration.of("dense", OPTIONS));

    @Test
    public void aPlanDoesNotChange() {
        List<Configuration> given = new ArrayList<Configuration>(ONE);
        RunPlan plan = RunPlan.builder(given).runs(3).build();
        given.clear();
        assertEquals(1, plan.configurations().size());
        assertEquals(3, plan.totalRuns());
    }

    @Test
    public void badValuesAreRefused() {
        assertRefused("the number of configurations", RunPlan.builder(ONE.subList(0, 0)));
        assertRefused("images", RunPlan.builder(ONE).images(0));
        assertRefused("runs", RunPlan.builder(ONE).runs(0));
        assertRefused("warmupRuns", RunPlan.builder(ONE).warmup(-1, 0));
        assertRefused("warmupNanos", RunPlan.builder(ONE).warmup(0, -1));
        assertRefused("pauseNanos", RunPlan.builder(ONE).pause(-1, 1));
        assertRefused("roundsBetweenPauses", RunPlan.builder(ONE).pause(1, 0));
        assertRefused("timeLimitNanos", RunPlan.builder(ONE).timeLimitNanos(0));
    }

    @Test
    public void badPartsAreRefused() {
        for (int kind = 0; kind < 7; kind++) {
            try {
                make(kind);
                fail("not refused: " + kind);
            } catch (IllegalArgumentException error) {
                assertTrue(error.getMessage(), error.getMessage().startsWith("Expected "));
            }
        }
    }

    @Test
    public void configurationsNameThemselves() {
        assertEquals(
                "dense (serving_default, 1 thread, XNNPACK)", ONE.get(0).toString());
        Configuration tau =
                Configuration.of("gated", new EngineOptions("gated", 4, false), Dial.TAU, 0.7);
        assertEquals("gated at tau = 0.7 (gated, 4 threads)", tau.toString());
    }

    private static void make(int kind) {
        switch (kind) {
            case 0:
                Configuration.of("", OPTIONS);
                break;
            case 1:
                Configuration.of("gated", OPTIONS, Dial.TAU, 1.5);
                break;
            case 2:
                Configuration.of("gated", OPTIONS, Dial.U, Double.NaN);
                break;
            case 3:
                new EngineOptions("serving_default", 0, true);
                break;
            case 4:
                new EngineOptions("", 1, true);
                break;
            case 5:
                new ThermalGate(ThermalStatus.NONE, -1, 1);
                break;
            default:
                new ThermalGate(ThermalStatus.NONE, 1, 0);
        }
    }

    private static void assertRefused(String name, RunPlan.Builder builder) {
        try {
            builder.build();
            fail("not refused: " + name);
        } catch (IllegalArgumentException error) {
            assertTrue(
                    error.getMessage(), error.getMessage().startsWith("Expected " + name + " "));
        }
    }
}
