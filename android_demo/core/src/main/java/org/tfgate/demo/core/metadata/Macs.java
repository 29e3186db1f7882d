package org.tfgate.demo.core.metadata;

/** Multiply-accumulates per image, of a file and its dense network; immutable. */
public final class Macs {
    private final double dense;
    private final double allOpen;
    private final double allClosed;

    Macs(double dense, double allOpen, double allClosed) {
        this.dense = dense;
        this.allOpen = allOpen;
        this.allClosed = allClosed;
    }

    /** Of the same network without gates. */
    public double dense() {
        return dense;
    }

    /** Of this file with every undecided component open, or u at 1. */
    public double allOpen() {
        return allOpen;
    }

    /** Of this file with every undecided component closed, or u at 0. */
    public double allClosed() {
        return allClosed;
    }
}
