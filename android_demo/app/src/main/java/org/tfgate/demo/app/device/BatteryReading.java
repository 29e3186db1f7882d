package org.tfgate.demo.app.device;

import org.tfgate.demo.core.device.BatteryStatus;
import org.tfgate.demo.core.device.DeviceState;

/** From Android's numbers of the battery to a state's; -1 where there is none. */
final class BatteryReading {
    // Android counts tenths of a degree, and some devices tell nonsense.
    private static final double TENTHS = 10.0;
    private static final double COLDEST = -60.0;
    private static final double HOTTEST = 150.0;

    private BatteryReading() {}

    /**
     * @param level charge, from 0 to scale.
     * @param tenths temperature in tenths of a degree Celsius; {@link Integer#MIN_VALUE} for none.
     * @param status one of {@code BatteryManager.BATTERY_STATUS_*}.
     * @param plugged kinds of chargers that are connected, as bits.
     */
    static void put(
            DeviceState.Builder state, int level, int scale, int tenths, int status, int plugged) {
        boolean known = level >= 0 && scale > 0 && level <= scale;
        double celsius = tenths / TENTHS;
        boolean plausible = celsius > COLDEST && celsius < HOTTEST;
        state.battery(
                known ? Double.valueOf(100.0 * level / scale) : null,
                plausible ? Double.valueOf(celsius) : null,
                BatteryStatus.of(status),
                plugged < 0 ? null : Boolean.valueOf(plugged != 0));
    }
}
