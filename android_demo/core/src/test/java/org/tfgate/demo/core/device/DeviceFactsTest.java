package org.tfgate.demo.core.device;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.ArrayList;
import java.util.Arrays;
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
        List<CpuCore> cores = new ArrayList<CpuCore>(cores(2000, 1000));
        List<String> delegates = new ArrayList<String>(Collections.singletonList("xnnpack"));
        DeviceFacts facts =
                DeviceFacts.builder("Phone", "arm64-v8a", cores)
                        .runtime("tensorflow-lite", "2.16.1", delegates)
                        .app("1.0", null, false)
                        .build();
        cores.clear();
        delegates.clear();
        assertEquals(2, facts.cores());
        assertEquals(Integer.valueOf(2000), facts.coreList().get(0).maximumMhz());
        assertEquals(Collections.singletonList("xnnpack"), facts.delegates());
    }

    @Test
    public void whatIsNeededIsAskedFor() {
        assertRefused("model", DeviceFacts.builder("", "arm64-v8a", cores(1)));
        assertRefused("architecture", DeviceFacts.builder("Phone", null, cores(1)));
        assertRefused("the number of cores", builder());
        assertRefused("runtime", DeviceFacts.builder("Phone", "arm64-v8a", cores(1)));
        assertRefused("appVersion", builder(1).app(null, null, false));
    }

    @Test
    public void frequenciesOfACoreHaveAnOrder() {
        assertCoreRefused("the number of a core", -1, null, null);
        assertCoreRefused("the lowest frequency of a core", 0, 0, null);
        assertCoreRefused("the highest frequency of a core", 0, null, 0);
        assertCoreRefused("the highest frequency of a core", 0, 1000, 999);
        assertEquals(Integer.valueOf(1000), new CpuCore(0, 1000, 1000).minimumMhz());
    }

    @Test
    public void statesHaveRanges() {
        assertNull(DeviceState.builder().build().frequencyMhz());
        for (double percent : new double[] {-1.0, 100.5, Double.NaN}) {
            try {
                DeviceState.builder().battery(percent, null, null, null);
                fail("not refused: " + percent);
            } catch (IllegalArgumentException error) {
                assertTrue(error.getMessage().startsWith("Expected batteryPercent "));
            }
        }
        try {
            DeviceState.builder().battery(null, -300.0, null, null);
            fail("not refused");
        } catch (IllegalArgumentException error) {
            assertTrue(error.getMessage().startsWith("Expected batteryCelsius "));
        }
    }

    @Test
    public void theFastestCoreIsThatOfTheMoment() {
        DeviceState state =
                DeviceState.builder().coreMhz(Arrays.asList(300.0, null, 2000.0, 900.0)).build();
        assertEquals(2000.0, state.frequencyMhz(), 0.0);
        assertNull(
                DeviceState.builder()
                        .coreMhz(Collections.<Double>singletonList(null))
                        .build()
                        .frequencyMhz());
    }

    @Test
    public void batteryStatusHasAndroidsNumbers() {
        String[] labels = {"charging", "discharging", "not_charging", "full"};
        for (int i = 0; i < labels.length; i++) {
            assertEquals(labels[i], BatteryStatus.of(2 + i).label());
        }
        assertNull(BatteryStatus.of(1));
        assertNull(BatteryStatus.of(6));
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
        return DeviceFacts.builder("Phone", "arm64-v8a", cores(frequencies))
                .runtime("tensorflow-lite", "2.16.1", Collections.<String>emptyList())
                .app("1.0", null, false);
    }

    /** Cores of these highest frequencies; 0 for one that does not tell. */
    private static List<CpuCore> cores(int... frequencies) {
        List<CpuCore> cores = new ArrayList<CpuCore>();
        for (int frequency : frequencies) {
            cores.add(new CpuCore(cores.size(), null, frequency == 0 ? null : frequency));
        }
        return cores;
    }

    private static void assertCoreRefused(
            String name, int number, Integer minimum, Integer maximum) {
        try {
            new CpuCore(number, minimum, maximum);
            fail("not refused: " + name);
        } catch (IllegalArgumentException error) {
            assertTrue(
                    error.getMessage(), error.getMessage().startsWith("Expected " + name + " "));
        }
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
