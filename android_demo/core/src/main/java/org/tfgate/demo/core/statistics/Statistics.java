package org.tfgate.demo.core.statistics;

import java.util.Arrays;
import org.tfgate.demo.core.Checks;

/** Describes measured values; immutable. All but n have the unit of the values. */
public final class Statistics {
    /** MAD times this estimates the standard deviation of a normal distribution. */
    public static final double MAD_TO_SIGMA = 1.4826;

    private final double[] values;
    private final double[] sorted;
    private final double mean;
    private final double squares;
    private final double mad;

    private Statistics(double[] values) {
        this.values = values;
        sorted = values.clone();
        Arrays.sort(sorted);
        double sum = 0.0;
        for (double value : values) {
            sum += value;
        }
        mean = sum / values.length;
        double squared = 0.0;
        for (double value : values) {
            squared += (value - mean) * (value - mean);
        }
        squares = squared;
        double[] deviations = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            deviations[i] = Math.abs(values[i] - median());
        }
        Arrays.sort(deviations);
        mad = quantile(deviations, 0.5);
    }

    /**
     * @param values at least one, all finite; they are copied.
     * @throws IllegalArgumentException there is none, or one is not finite.
     */
    public static Statistics of(double[] values) {
        Checks.atLeast(1, values.length, "the number of values");
        for (int i = 0; i < values.length; i++) {
            Checks.finite(values[i], "values[" + i + "]");
        }
        return new Statistics(values.clone());
    }

    /** Number of values. */
    public int n() {
        return values.length;
    }

    /** The least value. */
    public double minimum() {
        return sorted[0];
    }

    /** The greatest value. */
    public double maximum() {
        return sorted[sorted.length - 1];
    }

    /** Arithmetic mean. */
    public double mean() {
        return mean;
    }

    /** Same as {@link #percentile percentile(50)}. */
    public double median() {
        return percentile(50.0);
    }

    /**
     * The value below which so many percent lie, with linear interpolation between the two nearest
     * values: NumPy's default.
     *
     * @param percent in [0, 100].
     * @throws IllegalArgumentException percent is out of the range.
     */
    public double percentile(double percent) {
        return quantile(sorted, Checks.within(0.0, 100.0, percent, "percent") / 100.0);
    }

    /** Standard deviation of a sample, with n - 1; NaN for one value, which tells nothing of it. */
    public double sampleStandardDeviation() {
        return n() == 1 ? Double.NaN : Math.sqrt(squares / (n() - 1));
    }

    /** Standard deviation of these values alone, with n; 0 for one value. */
    public double populationStandardDeviation() {
        return Math.sqrt(squares / n());
    }

    /** Median of the absolute deviations from the median; not scaled. */
    public double mad() {
        return mad;
    }

    /**
     * Marks values further than k * {@value #MAD_TO_SIGMA} * MAD from the median. Where more than
     * half of the values are equal, MAD is 0, and every other value is marked.
     *
     * @param k how many robust standard deviations are allowed, >= 0; 3 is common.
     * @return one flag for each value, in the order in which they were given.
     * @throws IllegalArgumentException k is out of the range.
     */
    public boolean[] outliers(double k) {
        double limit = Checks.atLeast(0.0, k, "k") * MAD_TO_SIGMA * mad;
        boolean[] outliers = new boolean[values.length];
        for (int i = 0; i < values.length; i++) {
            outliers[i] = Math.abs(values[i] - median()) > limit;
        }
        return outliers;
    }

    private static double quantile(double[] sorted, double share) {
        double position = share * (sorted.length - 1);
        int below = (int) Math.floor(position);
        int above = Math.min(below + 1, sorted.length - 1);
        double weight = position - below;
        // As NumPy: from the nearer end, so that the result lies between the two.
        double difference = sorted[above] - sorted[below];
        return weight < 0.5
                ? sorted[below] + difference * weight
                : sorted[above] - difference * (1.0 - weight);
    }
}
