package org.tfgate.demo.core.control;

import org.tfgate.demo.core.Checks;

/** Gains and times of a PI loop; immutable. Signals give builders with their defaults. */
@SuppressWarnings("strictfp") // Needed by Java before 17, and on phones.
public final strictfp class LoopSettings {
    private final double proportionalGain;
    private final double integralGain;
    private final double filterSeconds;
    private final double tolerance;
    private final double holdSeconds;
    private final double trackingSeconds;

    private LoopSettings(Builder builder) {
        proportionalGain = Checks.atLeast(0.0, builder.proportionalGain, "proportional_gain");
        integralGain = Checks.above(0.0, builder.integralGain, "integral_gain");
        filterSeconds = Checks.atLeast(0.0, builder.filterSeconds, "filter_seconds");
        tolerance = Checks.within(0.0, 1.0, builder.tolerance, "tolerance");
        holdSeconds = Checks.atLeast(0.0, builder.holdSeconds, "hold_seconds");
        double own = (proportionalGain == 0.0 ? 1.0 : proportionalGain) / integralGain;
        double tracking = builder.trackingSeconds == null ? own : builder.trackingSeconds;
        trackingSeconds = Checks.above(0.0, tracking, "tracking_seconds");
    }

    /** u per unit of error, >= 0. */
    public double proportionalGain() {
        return proportionalGain;
    }

    /** u per unit of error and second, > 0. */
    public double integralGain() {
        return integralGain;
    }

    /** Time constant of the exponential filter in seconds, >= 0; 0 means none. */
    public double filterSeconds() {
        return filterSeconds;
    }

    /** Filtered errors within +-tolerance count as zero, others are that much smaller; [0, 1]. */
    public double tolerance() {
        return tolerance;
    }

    /** How long the loop holds its output without a measurement, in seconds, >= 0. */
    public double holdSeconds() {
        return holdSeconds;
    }

    /** Time constant of the anti-windup by back-calculation in seconds, > 0. */
    public double trackingSeconds() {
        return trackingSeconds;
    }

    /** Makes {@link LoopSettings}. */
    public static final class Builder {
        private double proportionalGain;
        private double integralGain;
        private double filterSeconds;
        private double tolerance;
        private double holdSeconds;
        private Double trackingSeconds;

        /** The defaults are a signal's own: see {@link LatencyTarget#loopBuilder} and its like. */
        Builder(double proportional, double integral, double filter, double tolerance,
                double hold) {
            this.proportionalGain = proportional;
            this.integralGain = integral;
            this.filterSeconds = filter;
            this.tolerance = tolerance;
            this.holdSeconds = hold;
        }

        /** See {@link LoopSettings#proportionalGain()}. */
        public Builder proportionalGain(double value) {
            proportionalGain = value;
            return this;
        }

        /** See {@link LoopSettings#integralGain()}. */
        public Builder integralGain(double value) {
            integralGain = value;
            return this;
        }

        /** See {@link LoopSettings#filterSeconds()}. */
        public Builder filterSeconds(double value) {
            filterSeconds = value;
            return this;
        }

        /** See {@link LoopSettings#tolerance()}. */
        public Builder tolerance(double value) {
            tolerance = value;
            return this;
        }

        /** See {@link LoopSettings#holdSeconds()}. */
        public Builder holdSeconds(double value) {
            holdSeconds = value;
            return this;
        }

        /**
         * See {@link LoopSettings#trackingSeconds()}; unless called, proportional gain / integral
         * gain, or 1 / integral gain where the proportional gain is 0.
         */
        public Builder trackingSeconds(double value) {
            trackingSeconds = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException a value is out of its range.
         */
        public LoopSettings build() {
            return new LoopSettings(this);
        }
    }
}
