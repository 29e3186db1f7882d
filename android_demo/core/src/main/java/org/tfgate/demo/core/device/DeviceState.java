package org.tfgate.demo.core.device;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.core.Checks;

/** What changes while a device works; immutable. Null is what the device does not tell. */
public final class DeviceState {
    private final ThermalStatus thermalStatus;
    private final Double batteryPercent;
    private final Double batteryCelsius;
    private final BatteryStatus batteryStatus;
    private final Boolean charging;
    private final Boolean powerSave;
    private final List<Double> coreMhz;

    private DeviceState(Builder builder) {
        thermalStatus = builder.thermalStatus;
        batteryPercent = builder.batteryPercent;
        batteryCelsius = builder.batteryCelsius;
        batteryStatus = builder.batteryStatus;
        charging = builder.charging;
        powerSave = builder.powerSave;
        coreMhz = Collections.unmodifiableList(new ArrayList<Double>(builder.coreMhz));
        for (Double frequency : coreMhz) {
            if (frequency != null) {
                Checks.atLeast(0.0, frequency, "the frequency of a core");
            }
        }
    }

    /** A builder that knows nothing. */
    public static Builder builder() {
        return new Builder();
    }

    /** The status; null if not known. */
    public ThermalStatus thermalStatus() {
        return thermalStatus;
    }

    /** Charge of the battery, in [0, 100]; null if not known. */
    public Double batteryPercent() {
        return batteryPercent;
    }

    /** Temperature of the battery in degrees Celsius; null if not known. */
    public Double batteryCelsius() {
        return batteryCelsius;
    }

    /** What the battery does; null if not known. */
    public BatteryStatus batteryStatus() {
        return batteryStatus;
    }

    /** Whether a charger is connected; null if not known. */
    public Boolean charging() {
        return charging;
    }

    /** Whether the device saves power; null if not known. */
    public Boolean powerSave() {
        return powerSave;
    }

    /**
     * Frequency of each core at the moment in MHz, in the order of {@link DeviceFacts#coreList};
     * null where the system does not tell. Empty if it tells of none.
     */
    public List<Double> coreMhz() {
        return coreMhz;
    }

    /** Frequency of the fastest core at the moment, in MHz; null if not known. */
    public Double frequencyMhz() {
        Double highest = null;
        for (Double frequency : coreMhz) {
            if (frequency != null && (highest == null || frequency > highest)) {
                highest = frequency;
            }
        }
        return highest;
    }

    /** Makes {@link DeviceState}s. */
    public static final class Builder {
        private ThermalStatus thermalStatus;
        private Double batteryPercent;
        private Double batteryCelsius;
        private BatteryStatus batteryStatus;
        private Boolean charging;
        private Boolean powerSave;
        private List<Double> coreMhz = Collections.emptyList();

        private Builder() {}

        /** See {@link DeviceState#thermalStatus()}. */
        public Builder thermalStatus(ThermalStatus value) {
            thermalStatus = value;
            return this;
        }

        /**
         * The battery.
         *
         * @param percent charge in [0, 100]; null if not known.
         * @param celsius temperature, above -273.15; null if not known.
         * @param status what it does; null if not known.
         * @param charging whether a charger is connected; null if not known.
         * @throws IllegalArgumentException a value is out of its range.
         */
        public Builder battery(
                Double percent, Double celsius, BatteryStatus status, Boolean charging) {
            if (percent != null) {
                Checks.within(0.0, 100.0, percent, "batteryPercent");
            }
            if (celsius != null) {
                Checks.above(-273.15, celsius, "batteryCelsius");
            }
            batteryPercent = percent;
            batteryCelsius = celsius;
            batteryStatus = status;
            this.charging = charging;
            return this;
        }

        /** See {@link DeviceState#powerSave()}. */
        public Builder powerSave(Boolean value) {
            powerSave = value;
            return this;
        }

        /** See {@link DeviceState#coreMhz()}: each at least 0, or null. */
        public Builder coreMhz(List<Double> values) {
            coreMhz = values;
            return this;
        }

        /**
         * @throws IllegalArgumentException a frequency is out of its range.
         */
        public DeviceState build() {
            return new DeviceState(this);
        }
    }
}
