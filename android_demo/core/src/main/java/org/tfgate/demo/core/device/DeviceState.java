package org.tfgate.demo.core.device;

import org.tfgate.demo.core.Checks;

/** What changes while a device works; immutable. Null is what the device does not tell. */
public final class DeviceState {
    private final ThermalStatus thermalStatus;
    private final Double batteryPercent;
    private final Boolean charging;
    private final Boolean powerSave;
    private final Double frequencyMhz;

    /**
     * @param thermalStatus the status; null if not known.
     * @param batteryPercent charge of the battery, in [0, 100]; null if not known.
     * @param charging whether a charger is connected; null if not known.
     * @param powerSave whether the device saves power; null if not known.
     * @param frequencyMhz of the fastest core at the moment, in MHz; null if not known.
     * @throws IllegalArgumentException a value is out of its range.
     */
    public DeviceState(
            ThermalStatus thermalStatus, Double batteryPercent, Boolean charging,
            Boolean powerSave, Double frequencyMhz) {
        if (batteryPercent != null) {
            Checks.within(0.0, 100.0, batteryPercent, "batteryPercent");
        }
        if (frequencyMhz != null) {
            Checks.atLeast(0.0, frequencyMhz, "frequencyMhz");
        }
        this.thermalStatus = thermalStatus;
        this.batteryPercent = batteryPercent;
        this.charging = charging;
        this.powerSave = powerSave;
        this.frequencyMhz = frequencyMhz;
    }

    /** The status; null if not known. */
    public ThermalStatus thermalStatus() {
        return thermalStatus;
    }

    /** Charge of the battery, in [0, 100]; null if not known. */
    public Double batteryPercent() {
        return batteryPercent;
    }

    /** Whether a charger is connected; null if not known. */
    public Boolean charging() {
        return charging;
    }

    /** Whether the device saves power; null if not known. */
    public Boolean powerSave() {
        return powerSave;
    }

    /** Frequency of the fastest core at the moment, in MHz; null if not known. */
    public Double frequencyMhz() {
        return frequencyMhz;
    }
}
