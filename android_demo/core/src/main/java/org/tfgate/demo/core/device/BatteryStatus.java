package org.tfgate.demo.core.device;

import java.util.Locale;

/** Android's {@code BatteryManager.BATTERY_STATUS_*}: what the battery does. */
public enum BatteryStatus {
    /** It is charged. */
    CHARGING,
    /** The device runs on it. */
    DISCHARGING,
    /** A charger is connected, but does not charge it. */
    NOT_CHARGING,
    /** It is full. */
    FULL;

    private static final int FIRST = 2;

    /**
     * @param number Android's number: 2 to 5 in the order of the names here.
     * @return null for any other number, of which 1 means that the device does not know.
     */
    public static BatteryStatus of(int number) {
        int ordinal = number - FIRST;
        return ordinal < 0 || ordinal >= values().length ? null : values()[ordinal];
    }

    /** The name in result documents, such as "not_charging". */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
