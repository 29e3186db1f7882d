package org.tfgate.demo.core.control;

import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.device.ThermalStatus;

/** The highest u of each thermal status; immutable. */
public final class ThermalCeilings {
    private static final double[] DEFAULT = {1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0};

    private final double[] ceilings;
    private final double holdSeconds;

    /** 1, 1, 0.75, 0.5, 0.25, 0, 0; a status holds until the next one. */
    public ThermalCeilings() {
        this(DEFAULT);
    }

    /**
     * A status holds until the next one, for Android reports changes alone.
     *
     * @param ceilings seven numbers in [0, 1], for {@link ThermalStatus#NONE} to {@link
     *     ThermalStatus#SHUTDOWN}, none greater than the one before.
     * @throws IllegalArgumentException they are others.
     */
    public ThermalCeilings(double[] ceilings) {
        this.ceilings = checked(ceilings);
        this.holdSeconds = Double.POSITIVE_INFINITY;
    }

    /**
     * @param ceilings see {@link #ThermalCeilings(double[])}.
     * @param holdSeconds how long a status holds without being reported again, >= 0.
     * @throws IllegalArgumentException an argument is out of its range.
     */
    public ThermalCeilings(double[] ceilings, double holdSeconds) {
        this.ceilings = checked(ceilings);
        this.holdSeconds = Checks.atLeast(0.0, holdSeconds, "hold_seconds");
    }

    /** The ceilings that are used unless others are given, for {@link ThermalStatus} in order. */
    public static double[] defaults() {
        return DEFAULT.clone();
    }

    /** The highest u of a status, in [0, 1]. */
    public double ceiling(ThermalStatus status) {
        return ceilings[status.ordinal()];
    }

    /** How long a status holds, in seconds; infinite: until the next one. */
    public double holdSeconds() {
        return holdSeconds;
    }

    private static double[] checked(double[] given) {
        double[] ceilings = given.clone();
        int count = ThermalStatus.values().length;
        if (ceilings.length != count) {
            throw Checks.expected(
                    "ceilings", count + " numbers, one for each thermal status", ceilings.length);
        }
        for (int i = 0; i < count; i++) {
            Checks.within(0.0, 1.0, ceilings[i], "ceilings[" + i + "]");
        }
        for (int i = 1; i < count; i++) {
            if (ceilings[i] > ceilings[i - 1]) {
                throw Checks.expected(
                        "ceilings", "numbers that don't rise",
                        ceilings[i - 1] + " before " + ceilings[i]);
            }
        }
        return ceilings;
    }
}
