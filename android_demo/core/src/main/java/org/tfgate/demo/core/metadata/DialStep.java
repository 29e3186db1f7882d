package org.tfgate.demo.core.metadata;

/** What an image costs from a value of u on; immutable. */
public final class DialStep {
    private final double from;
    private final double macs;

    DialStep(double from, double macs) {
        this.from = from;
        this.macs = macs;
    }

    /** The least u of the step, in [0, 1]. */
    public double from() {
        return from;
    }

    /** Multiply-accumulates per image. */
    public double macs() {
        return macs;
    }
}
