package org.tfgate.demo.core.device;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.Test;

public final class DeviceFactsTest {
    @Test
    public void processorNamesKindsOfCores() {
        assertEquals(
                "SoC 1, 3 x 1800 MHz, 1 x 2800 MHz",
                builder(2800, 1800, 1800, 1800).soc("SoC 1").build().processor());
        assertEquals("2 x 2000 MHz", builder(2000, 2000).build().processor());
        assertEquals("SoC 1", builder(0, 0).soc("SoC 1").build().processor());
        assertEquals("1 x 900 MHz", builder(0, 900).build().processor());
        assertNull(builder(0).build().processor());
    }

    @Test
    public void factsDoNotChange() {
        int[] frequencies = {2000, 1000};
        List<String> delegates = new ArrayList<String>(Collections.singletonList("xnnpack"));
        DeviceFacts facts =
                builder(frequencies).runtime("tensorflow-lite", "2.16.1", delegates).build();
        frequencies[0] = 1;
        delegates.clear();
        facts.coreFrequenciesMhz()[0] = 1;
        assertArrayEquals(new int[] {1000, 2000}, facts.coreFrequenciesMhz());
        assertEquals(Collections.singletonList("xnnpack"), facts.delegates());
        assertEquals(2, facts.cores());
    }

    @Test
    public void whatIsNeededIsAskedFor() {
        assertRefused("model", DeviceFacts.builder("", "arm64-v8a", 1));
        assertRefused("architecture", DeviceFacts.builder("Phone", null, 1));
        assertRefused("the number of cores", builder());
        assertRefused("a frequency of a core", builder(-1));
        assertRefused("runtime", DeviceFacts.builder("Phone", "arm64-v8a", 1));
        assertRefused("appVersion", builder(1).app(null, null, false));
    }

    @Test
    public void statesHaveRanges() {
        new DeviceState(null, null, null, null, null);
        for (double percent : new double[] {-1.0, 100.5, Double.NaN}) {
            try {
                new DeviceState(ThermalStatus.NONE, percent, null, null, null);
                fail("not refused: " + percent);
            } catch (IllegalArgumentException error) {
                assertTrue(error.getMessage().startsWith("Expected batteryPercent "));
            }
        }
    }

    @Test
    public void thermalStatusHasAndroidsNumbers() {
        String[] labels = {
            "none", "light", "moderate", "severe", "critical", "emergency", "shutdown"
        };
        for (int i = 0; i < labels.length; i++) {
            assertEquals(labels[i], ThermalStatus.of(i).label());
        }
        for (int number : new int[] {-1, 7}) {
            try {
                ThermalStatus.of(number);
                fail("not refused: " + number);
            } catch (IllegalArgumentException error) {
                assertTrue(error.getMessage().startsWith("Expected thermal_status "));
            }
        }
    }

    private static DeviceFacts.Builder builder(int... frequencies) {
        return DeviceFacts.builder("Phone", "arm64-v8a", frequencies)
                .runtime("tensorflow-lite", "2.16.1", Collections.<String>emptyList())
                .app("1.0", null, false);
    }

    private static void assertRefused(String name, DeviceFacts.Builder builder) {
        try {
            builder.build();
            fail("not refused: " + name);
        } catch (IllegalArgumentException error) {
            assertTrue(
                    error.getMessage(), error.getMessage().startsWith("Expected " + name + " "));
        }
    }
}
