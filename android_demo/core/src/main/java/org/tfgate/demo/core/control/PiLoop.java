package org.tfgate.demo.core.control;

/**
 * One PI loop: filter, tolerance, proportional and integral part, anti-windup. The lines of {@link
 * #measure} have their equations, in this order, in {@code docs/control.md}.
 */
@SuppressWarnings("strictfp") // Needed by Java before 17, and on phones.
final strictfp class PiLoop {
    private final SetPoint signal;
    private Double time;
    private Double error;
    private double integral;
    private double output;

    /**
     * @param output what the loop asks for until its first measurement.
     */
    PiLoop(SetPoint signal, double output) {
        this.signal = signal;
        this.integral = output;
        this.output = output;
    }

    SetPoint signal() {
        return signal;
    }

    double output() {
        return output;
    }

    /** The controller's first call came, in seconds. */
    void start(double time) {
        this.time = time;
    }

    /**
     * Takes a measurement.
     *
     * @param time seconds; not before the last measurement.
     * @param measurement what the signal has checked.
     * @param u the controller's output before this call: where a loop starts, or starts again.
     * @param reference what became of the loops' outputs in the last call.
     */
    void measure(double time, double measurement, double u, double reference) {
        LoopSettings settings = signal.loop();
        double measured = signal.error(time, measurement);
        if (error == null || isExpired(time)) {
            error = measured;
            integral = u;
        } else {
            double seconds = time - this.time;
            error = error + (weight(seconds, settings.filterSeconds()) * (measured - error));
            integral = integral + ((settings.integralGain() * deviation()) * seconds);
            double tracking = weight(seconds, settings.trackingSeconds());
            integral = integral + (tracking * (reference - output));
        }
        this.time = time;
        output = (settings.proportionalGain() * deviation()) + integral;
    }

    /** Whether the last measurement is older than the signal's hold. */
    boolean isExpired(double time) {
        return this.time != null && time - this.time > signal.loop().holdSeconds();
    }

    /** Asks for the safe end until the next measurement, which starts anew. */
    void expire(double safe) {
        error = null;
        integral = safe;
        output = safe;
    }

    LoopState state() {
        return new LoopState(time, error, integral, output);
    }

    void restore(LoopState state) {
        time = state.time();
        error = state.error();
        integral = state.integral();
        output = state.output();
    }

    /** The filtered error, less the tolerance. */
    private double deviation() {
        double tolerance = signal.loop().tolerance();
        if (error > tolerance) {
            return error - tolerance;
        }
        if (error < -tolerance) {
            return error + tolerance;
        }
        return 0.0;
    }

    /** How far a first-order lag moves in an interval, by the backward Euler rule. */
    private static double weight(double seconds, double timeConstant) {
        return timeConstant == 0.0 ? 1.0 : seconds / (timeConstant + seconds);
    }
}
