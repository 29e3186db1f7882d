package org.tfgate.demo.core.control;

import org.tfgate.demo.core.Checks;

/**
 * Predictions should be this confident. Error: target - confidence. The only signal that asks for
 * computation: u rises while predictions are less confident, and falls while they are more.
 */
@SuppressWarnings("strictfp") // Needed by Java before 17, and on phones.
public final strictfp class ConfidenceTarget extends SetPoint {
    private final double target;

    /**
     * With the default loop.
     *
     * @param target set point, in (0, 1].
     * @throws IllegalArgumentException it is out of the range.
     */
    public ConfidenceTarget(double target) {
        this(target, loopBuilder().build());
    }

    /**
     * @param target set point, in (0, 1].
     * @param loop gains and times, of {@link #loopBuilder}.
     * @throws IllegalArgumentException the set point is out of the range.
     */
    public ConfidenceTarget(double target, LoopSettings loop) {
        super(loop);
        Checks.above(0.0, target, "target");
        this.target = Checks.within(0.0, 1.0, target, "target");
    }

    /** The signal's default loop. */
    public static LoopSettings.Builder loopBuilder() {
        return new LoopSettings.Builder(0.5, 0.2, 2.0, 0.01, 5.0);
    }

    /** Set point. */
    public double target() {
        return target;
    }

    @Override
    double check(double measurement) {
        return Checks.within(0.0, 1.0, measurement, "confidence");
    }

    @Override
    double error(double time, double measurement) {
        return target - measurement;
    }
}
