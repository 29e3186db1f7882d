package org.tfgate.demo.core.control;

import org.tfgate.demo.core.Checks;

/** Settings of a {@link BudgetController}; immutable. */
public final class ControllerSettings {
    private final LatencyTarget latency;
    private final BatteryPlan battery;
    private final ConfidenceTarget confidence;
    private final ThermalCeilings thermal;
    private final double lowerLimit;
    private final double upperLimit;
    private final double risePerSecond;
    private final double fallPerSecond;
    private final double deadBand;
    private final double safeU;
    private final double initialU;

    private ControllerSettings(Builder builder) {
        lowerLimit = Checks.within(0.0, 1.0, builder.lowerLimit, "lower_limit");
        upperLimit = Checks.within(lowerLimit, 1.0, builder.upperLimit, "upper_limit");
        risePerSecond = Checks.above(0.0, builder.risePerSecond, "rise_per_second");
        fallPerSecond = Checks.above(0.0, builder.fallPerSecond, "fall_per_second");
        deadBand = Checks.within(0.0, 1.0, builder.deadBand, "dead_band");
        safeU = Checks.within(lowerLimit, upperLimit, builder.safeU, "safe_u");
        double first = builder.initialU == null ? safeU : builder.initialU;
        initialU = Checks.within(lowerLimit, upperLimit, first, "initial_u");
        latency = builder.latency;
        battery = builder.battery;
        confidence = builder.confidence;
        thermal = builder.thermal;
        if (latency == null && battery == null && confidence == null && thermal == null) {
            throw new IllegalArgumentException(
                    "Expected latency, battery, thermal or confidence to be given, got none.");
        }
    }

    /** A builder with the defaults and no signal. */
    public static Builder builder() {
        return new Builder();
    }

    /** The latency target, or null. */
    public LatencyTarget latency() {
        return latency;
    }

    /** The battery plan, or null. */
    public BatteryPlan battery() {
        return battery;
    }

    /** The confidence target, or null. */
    public ConfidenceTarget confidence() {
        return confidence;
    }

    /** The thermal ceilings, or null. */
    public ThermalCeilings thermal() {
        return thermal;
    }

    /** Least u, in [0, 1]; stronger than any ceiling. */
    public double lowerLimit() {
        return lowerLimit;
    }

    /** Largest u, in [lower limit, 1]. */
    public double upperLimit() {
        return upperLimit;
    }

    /** How fast u may rise, per second, > 0. */
    public double risePerSecond() {
        return risePerSecond;
    }

    /** How fast u may fall, per second, > 0. */
    public double fallPerSecond() {
        return fallPerSecond;
    }

    /**
     * u sets out for a new value only if that is at least this far from the one it last set out
     * for, in [0, 1]. Limits, ceilings and the safe end are reached exactly all the same.
     */
    public double deadBand() {
        return deadBand;
    }

    /** Where u goes when a signal stays away, between the limits. */
    public double safeU() {
        return safeU;
    }

    /** u of the first call, between the limits. */
    public double initialU() {
        return initialU;
    }

    /** Makes {@link ControllerSettings}; at least one signal is needed. */
    public static final class Builder {
        private LatencyTarget latency;
        private BatteryPlan battery;
        private ConfidenceTarget confidence;
        private ThermalCeilings thermal;
        private double lowerLimit = 0.0;
        private double upperLimit = 1.0;
        private double risePerSecond = 0.2;
        private double fallPerSecond = 1.0;
        private double deadBand = 0.02;
        private double safeU = 0.0;
        private Double initialU;

        private Builder() {}

        /** See {@link ControllerSettings#latency()}. */
        public Builder latency(LatencyTarget value) {
            latency = value;
            return this;
        }

        /** See {@link ControllerSettings#battery()}. */
        public Builder battery(BatteryPlan value) {
            battery = value;
            return this;
        }

        /** See {@link ControllerSettings#confidence()}. */
        public Builder confidence(ConfidenceTarget value) {
            confidence = value;
            return this;
        }

        /** See {@link ControllerSettings#thermal()}. */
        public Builder thermal(ThermalCeilings value) {
            thermal = value;
            return this;
        }

        /** See {@link ControllerSettings#lowerLimit()}; default 0. */
        public Builder lowerLimit(double value) {
            lowerLimit = value;
            return this;
        }

        /** See {@link ControllerSettings#upperLimit()}; default 1. */
        public Builder upperLimit(double value) {
            upperLimit = value;
            return this;
        }

        /** See {@link ControllerSettings#risePerSecond()}; default 0.2. */
        public Builder risePerSecond(double value) {
            risePerSecond = value;
            return this;
        }

        /** See {@link ControllerSettings#fallPerSecond()}; default 1. */
        public Builder fallPerSecond(double value) {
            fallPerSecond = value;
            return this;
        }

        /** See {@link ControllerSettings#deadBand()}; default 0.02. */
        public Builder deadBand(double value) {
            deadBand = value;
            return this;
        }

        /** See {@link ControllerSettings#safeU()}; default 0. */
        public Builder safeU(double value) {
            safeU = value;
            return this;
        }

        /** See {@link ControllerSettings#initialU()}; default: the safe u. */
        public Builder initialU(double value) {
            initialU = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException a value is out of its range, or no signal is given.
         */
        public ControllerSettings build() {
            return new ControllerSettings(this);
        }
    }
}
