package org.tfgate.demo.app.chart;

/** Numbers that belong together in a {@link PanelChart}; immutable. */
public final class Series {
    /** How a series is told from others, beside its colour. */
    public enum Look {
        /** A line with round marks, in the first colour. */
        LINE,
        /** A dashed line with square marks, in the second colour. */
        DASHED,
        /** A line that goes in steps, in the first colour. */
        STEPS,
        /** A dashed line without marks in the text's colour: a value to be held. */
        TARGET
    }

    private final String name;
    private final Look look;
    private final double[] x;
    private final double[] y;

    /**
     * @param name for the legend.
     * @param x rising; as many as y.
     * @param y finite numbers.
     */
    public Series(String name, Look look, double[] x, double[] y) {
        if (x.length != y.length) {
            throw new IllegalArgumentException(
                    "Expected as many x as y, got " + x.length + " and " + y.length + ".");
        }
        this.name = name;
        this.look = look;
        this.x = x.clone();
        this.y = y.clone();
    }

    /** For the legend. */
    public String name() {
        return name;
    }

    /** How it looks. */
    public Look look() {
        return look;
    }

    double[] x() {
        return x;
    }

    double[] y() {
        return y;
    }
}
