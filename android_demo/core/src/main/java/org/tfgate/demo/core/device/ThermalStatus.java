package org.tfgate.demo.core.device;

import java.util.Locale;
import org.tfgate.demo.core.Checks;

/** Android's {@code PowerManager.THERMAL_STATUS_*}, same numbers: the ordinals, 0 to 6. */
public enum ThermalStatus {
    /** Not throttled. */
    NONE,
    /** Throttled without effect on the user. */
    LIGHT,
    /** Throttled with little effect on the user. */
    MODERATE,
    /** Throttled with large effect on the user. */
    SEVERE,
    /** Everything possible is done to cool the device. */
    CRITICAL,
    /** Key components shut down. */
    EMERGENCY,
    /** The device shuts down at once. */
    SHUTDOWN;

    /**
     * @param number Android's number, 0 to 6.
     * @throws IllegalArgumentException another number.
     */
    public static ThermalStatus of(int number) {
        return of(number, "thermal_status");
    }

    /**
     * @param number Android's number, 0 to 6.
     * @param name what the message calls the number.
     * @throws IllegalArgumentException another number.
     */
    public static ThermalStatus of(int number, String name) {
        ThermalStatus[] all = values();
        if (number < 0 || number >= all.length) {
            throw Checks.expected(name, "a whole number from 0 to " + (all.length - 1), number);
        }
        return all[number];
    }

    /** The name in result documents, such as "moderate". */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
