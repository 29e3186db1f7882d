package org.tfgate.demo.core.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.core.Checks;

/**
 * What is measured, how often and in which order; immutable. The same plan gives the same order on
 * every device.
 */
public final class RunPlan {
    private final List<Configuration> configurations;
    private final int images;
    private final int runs;
    private final int warmupRuns;
    private final long warmupNanos;
    private final RunOrder order;
    private final long seed;
    private final int roundsBetweenPauses;
    private final long pauseNanos;
    private final long timeLimitNanos;
    private final ThermalGate thermalGate;

    private RunPlan(Builder builder) {
        configurations =
                Collections.unmodifiableList(
                        new ArrayList<Configuration>(builder.configurations));
        Checks.atLeast(1, configurations.size(), "the number of configurations");
        images = Checks.atLeast(1, builder.images, "images");
        runs = Checks.atLeast(1, builder.runs, "runs");
        warmupRuns = Checks.atLeast(0, builder.warmupRuns, "warmupRuns");
        warmupNanos = Checks.atLeast(0L, builder.warmupNanos, "warmupNanos");
        order = builder.order;
        seed = builder.seed;
        roundsBetweenPauses = Checks.atLeast(1, builder.roundsBetweenPauses, "roundsBetweenPauses");
        pauseNanos = Checks.atLeast(0L, builder.pauseNanos, "pauseNanos");
        timeLimitNanos = Checks.atLeast(1L, builder.timeLimitNanos, "timeLimitNanos");
        thermalGate = builder.thermalGate;
    }

    /** A builder: one image, one run, no warm-up, pauses and limits, alternating. */
    public static Builder builder(List<Configuration> configurations) {
        return new Builder(configurations);
    }

    /** What is measured against one another, at least one. */
    public List<Configuration> configurations() {
        return configurations;
    }

    /** Number of images that are taken in turn: run i takes image i modulo this. */
    public int images() {
        return images;
    }

    /** Number of measured runs of each configuration. */
    public int runs() {
        return runs;
    }

    /** A configuration is warm after so many runs, and not before {@link #warmupNanos}. */
    public int warmupRuns() {
        return warmupRuns;
    }

    /** A configuration is warm after so many nanoseconds, and not before {@link #warmupRuns}. */
    public long warmupNanos() {
        return warmupNanos;
    }

    /** In which order configurations take their turns. */
    public RunOrder order() {
        return order;
    }

    /** Root of the order of {@link RunOrder#SHUFFLED}. */
    public long seed() {
        return seed;
    }

    /**
     * After so many rounds the device may cool down. A round is a run of each configuration, and
     * in {@link RunOrder#SEQUENTIAL} a single run.
     */
    public int roundsBetweenPauses() {
        return roundsBetweenPauses;
    }

    /** How long it may, in nanoseconds. */
    public long pauseNanos() {
        return pauseNanos;
    }

    /** How long all may take, loading, warm-up, pauses and waiting included, in nanoseconds. */
    public long timeLimitNanos() {
        return timeLimitNanos;
    }

    /** How hot the device may be. */
    public ThermalGate thermalGate() {
        return thermalGate;
    }

    /** Number of measured runs of all configurations. */
    public int totalRuns() {
        return runs * configurations.size();
    }

    /** Makes {@link RunPlan}s. */
    public static final class Builder {
        private final List<Configuration> configurations;
        private int images = 1;
        private int runs = 1;
        private int warmupRuns;
        private long warmupNanos;
        private RunOrder order = RunOrder.ALTERNATING;
        private long seed;
        private int roundsBetweenPauses = 1;
        private long pauseNanos;
        private long timeLimitNanos = Long.MAX_VALUE;
        private ThermalGate thermalGate = ThermalGate.open();

        private Builder(List<Configuration> configurations) {
            this.configurations = configurations;
        }

        /** See {@link RunPlan#images()}. */
        public Builder images(int value) {
            images = value;
            return this;
        }

        /** See {@link RunPlan#runs()}. */
        public Builder runs(int value) {
            runs = value;
            return this;
        }

        /**
         * See {@link RunPlan#warmupRuns()} and {@link RunPlan#warmupNanos()}.
         *
         * @param runs at least 0.
         * @param nanos at least 0.
         */
        public Builder warmup(int runs, long nanos) {
            warmupRuns = runs;
            warmupNanos = nanos;
            return this;
        }

        /** See {@link RunPlan#order()}. */
        public Builder order(RunOrder value) {
            order = value;
            return this;
        }

        /** See {@link RunPlan#seed()}. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * A pause of so many nanoseconds after every so many rounds.
         *
         * @param nanos at least 0.
         * @param rounds at least 1.
         */
        public Builder pause(long nanos, int rounds) {
            pauseNanos = nanos;
            roundsBetweenPauses = rounds;
            return this;
        }

        /** See {@link RunPlan#timeLimitNanos()}. */
        public Builder timeLimitNanos(long value) {
            timeLimitNanos = value;
            return this;
        }

        /** See {@link RunPlan#thermalGate()}. */
        public Builder thermalGate(ThermalGate value) {
            thermalGate = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException a value is out of its range.
         */
        public RunPlan build() {
            return new RunPlan(this);
        }
    }
}
