package org.tfgate.demo.core.control;

import org.tfgate.demo.core.Checks;

/**
 * The battery should empty along a line. Error: share left - planned share. For a budget of energy
 * instead of a battery, share left = 1 - used / budget.
 */
@SuppressWarnings("strictfp") // Needed by Java before 17, and on phones.
public final strictfp class BatteryPlan extends SetPoint {
    static final double DEFAULT_START_SHARE = 1.0;
    static final double DEFAULT_END_SHARE = 0.0;

    private final double startTime;
    private final double endTime;
    private final double startShare;
    private final double endShare;

    /**
     * From full to empty, with the default loop.
     *
     * @param startTime where the line begins, in seconds on the controller's clock.
     * @param endTime where it ends, > startTime.
     * @throws IllegalArgumentException an argument is out of its range.
     */
    public BatteryPlan(double startTime, double endTime) {
        this(startTime, endTime, DEFAULT_START_SHARE, DEFAULT_END_SHARE, loopBuilder().build());
    }

    /**
     * @param startTime where the line begins, in seconds on the controller's clock.
     * @param endTime where it ends, > startTime; afterwards the plan is endShare.
     * @param startShare planned share at the start, in [0, 1].
     * @param endShare planned share at the end, in [0, startShare].
     * @param loop gains and times, of {@link #loopBuilder}.
     * @throws IllegalArgumentException an argument is out of its range.
     */
    public BatteryPlan(
            double startTime, double endTime, double startShare, double endShare,
            LoopSettings loop) {
        super(loop);
        this.startTime = Checks.finite(startTime, "start_time");
        this.endTime = Checks.above(startTime, endTime, "end_time");
        this.startShare = Checks.within(0.0, 1.0, startShare, "start_share");
        this.endShare = Checks.within(0.0, startShare, endShare, "end_share");
    }

    /** The signal's default loop. */
    public static LoopSettings.Builder loopBuilder() {
        return new LoopSettings.Builder(20.0, 0.01, 30.0, 0.0, 600.0);
    }

    /** The share of the battery that should be left at a time, in [0, 1]. */
    public double plannedShare(double time) {
        if (time <= startTime) {
            return startShare;
        }
        if (time >= endTime) {
            return endShare;
        }
        double passed = (time - startTime) / (endTime - startTime);
        return startShare + ((endShare - startShare) * passed);
    }

    @Override
    double check(double measurement) {
        return Checks.within(0.0, 1.0, measurement, "battery_share");
    }

    @Override
    double error(double time, double measurement) {
        return measurement - plannedShare(time);
    }
}
