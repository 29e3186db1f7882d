package org.tfgate.demo.app.device;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import org.junit.Test;
import org.tfgate.demo.core.device.BatteryStatus;
import org.tfgate.demo.core.device.DeviceState;

public final class BatteryReadingTest {
    @Test
    public void androidsNumbersBecomePercentAndDegrees() {
        DeviceState state = state(40, 80, 295, 3, 0);
        assertEquals(50.0, state.batteryPercent(), 0.0);
        assertEquals(29.5, state.batteryCelsius(), 0.0);
        assertEquals(BatteryStatus.DISCHARGING, state.batteryStatus());
        assertFalse(state.charging());
        assertTrue(state(40, 80, 295, 2, 2).charging());
        assertEquals(-5.0, state(1, 100, -50, 1, 0).batteryCelsius(), 0.0);
    }

    @Test
    public void whatIsMissingOrMakesNoSenseIsNotKnown() {
        DeviceState state = state(-1, -1, Integer.MIN_VALUE, -1, -1);
        assertNull(state.batteryPercent());
        assertNull(state.batteryCelsius());
        assertNull(state.batteryStatus());
        assertNull(state.charging());
        assertNull(state(50, 0, 0, 1, 0).batteryPercent());
        assertNull(state(101, 100, 0, 1, 0).batteryPercent());
        assertNull(state(50, 100, 29500, 1, 0).batteryCelsius());
    }

    @Test
    public void namesThatStandForNothingAreNone() {
        assertNull(Names.known("unknown", "unknown"));
        assertNull(Names.known(" ", "unknown"));
        assertNull(Names.known(null, "unknown"));
        assertEquals("Maker", Names.known(" Maker ", "unknown"));
        assertEquals("Maker Chip", Names.joined("Maker", "Chip"));
        assertEquals("Chip", Names.joined(null, "Chip"));
        assertEquals("Maker", Names.joined("Maker", null));
        assertNull(Names.joined(null, null));
    }

    private static DeviceState state(
            int level, int scale, int tenths, int status, int plugged) {
        DeviceState.Builder builder = DeviceState.builder();
        BatteryReading.put(builder, level, scale, tenths, status, plugged);
        return builder.build();
    }
}
