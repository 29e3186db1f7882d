package org.tfgate.demo.app.chart;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Round numbers for an axis; immutable. */
public final class Ticks {
    private static final double[] ROUND = {1.0, 2.0, 5.0, 10.0};

    private final double low;
    private final double high;
    private final double step;

    private Ticks(double low, double high, double step) {
        this.low = low;
        this.high = high;
        this.step = step;
    }

    /**
     * An axis that ends at round numbers.
     *
     * @param low the least value; finite.
     * @param high the greatest value; equal ones get some room.
     * @param count how many steps are wanted, at least 1; there may be fewer or up to one more.
     */
    public static Ticks around(double low, double high, int count) {
        double span = high - low;
        if (!(span > 0.0)) {
            span = Math.max(Math.abs(high), 1e-9) * 0.2;
            return around(high - span, high + span, count);
        }
        double raw = span / Math.max(1, count);
        double power = Math.pow(10.0, Math.floor(Math.log10(raw)));
        double step = ROUND[ROUND.length - 1] * power;
        for (int i = ROUND.length - 1; i >= 0; i--) {
            // A little less than asked for counts as enough: 0.2 / 0.1 may be 2.0000000000000004.
            if (ROUND[i] * power >= raw * (1.0 - 1e-9)) {
                step = ROUND[i] * power;
            }
        }
        return new Ticks(
                Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step, step);
    }

    /** The first tick. */
    public double low() {
        return low;
    }

    /** The last tick. */
    public double high() {
        return high;
    }

    /** All ticks, rising. */
    public List<Double> values() {
        List<Double> values = new ArrayList<Double>();
        long steps = Math.round((high - low) / step);
        for (long i = 0; i <= steps; i++) {
            values.add(low + i * step);
        }
        return values;
    }

    /** A tick's number, with as many decimals as the step has. */
    public String label(double value, Locale locale) {
        int decimals = Math.max(0, (int) -Math.floor(Math.log10(step) + 1e-9));
        String text = String.format(locale, "%." + decimals + "f", value);
        // -0 comes of sums such as -0.2 + 2 * 0.1.
        boolean zero = Math.abs(value) < step * 1e-6;
        return zero ? String.format(locale, "%." + decimals + "f", 0.0) : text;
    }
}
