package org.tfgate.demo.core.control;

/** A signal that has a set point and a PI loop. Subclasses are immutable. */
public abstract class SetPoint {
    private final LoopSettings loop;

    SetPoint(LoopSettings loop) {
        this.loop = loop;
    }

    /** Gains and times of the signal's loop. */
    public final LoopSettings loop() {
        return loop;
    }

    /**
     * Returns the measurement.
     *
     * @throws IllegalArgumentException it is out of the signal's range.
     */
    abstract double check(double measurement);

    /**
     * Returns the error of a measurement, in [-1, 1]; above 0: u may rise.
     *
     * @param time seconds on the controller's clock.
     */
    abstract double error(double time, double measurement);
}
