package org.tfgate.demo.core.control;

import org.tfgate.demo.core.Checks;

/**
 * An inference should take so many milliseconds. Error: (target - latency) / target. Latencies
 * above twice the target count as twice the target.
 */
@SuppressWarnings("strictfp") // Needed by Java before 17, and on phones.
public final strictfp class LatencyTarget extends SetPoint {
    private final double targetMs;

    /**
     * With the default loop.
     *
     * @param targetMs set point in milliseconds, > 0.
     * @throws IllegalArgumentException it is out of the range.
     */
    public LatencyTarget(double targetMs) {
        this(targetMs, loopBuilder().build());
    }

    /**
     * @param targetMs set point in milliseconds, > 0.
     * @param loop gains and times, of {@link #loopBuilder}.
     * @throws IllegalArgumentException the set point is out of the range.
     */
    public LatencyTarget(double targetMs, LoopSettings loop) {
        super(loop);
        this.targetMs = Checks.above(0.0, targetMs, "target_ms");
    }

    /** The signal's default loop. */
    public static LoopSettings.Builder loopBuilder() {
        return new LoopSettings.Builder(0.3, 0.3, 0.5, 0.02, 5.0);
    }

    /** Set point in milliseconds. */
    public double targetMs() {
        return targetMs;
    }

    @Override
    double check(double measurement) {
        return Checks.above(0.0, measurement, "latency_ms");
    }

    @Override
    double error(double time, double measurement) {
        double latency = Math.min(measurement, 2.0 * targetMs);
        return (targetMs - latency) / targetMs;
    }
}
