package org.tfgate.demo.app.chart;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** One of the plots of a {@link PanelChart}, with a y axis of its own; immutable. */
public final class Panel {
    private final String title;
    private final List<Series> series;
    private final double low;
    private final double high;
    private final List<String> levels;

    private Panel(
            String title, List<Series> series, double low, double high, List<String> levels) {
        this.title = title;
        this.series = Collections.unmodifiableList(new ArrayList<Series>(series));
        this.low = low;
        this.high = high;
        this.levels = levels;
    }

    /**
     * A panel of numbers, whose axis begins at 0.
     *
     * @param title with the unit.
     * @param least the axis goes at least so far, above 0.
     */
    public static Panel fromZero(String title, double least, Series... series) {
        double high = least;
        for (Series each : series) {
            for (double y : each.y()) {
                high = Math.max(high, y);
            }
        }
        return new Panel(title, Arrays.asList(series), 0.0, high, null);
    }

    /**
     * A panel of levels that have names.
     *
     * @param levels the lowest first; series have their numbers, from 0.
     */
    public static Panel ofLevels(String title, List<String> levels, Series... series) {
        List<String> names = Collections.unmodifiableList(new ArrayList<String>(levels));
        return new Panel(title, Arrays.asList(series), 0.0, levels.size() - 1, names);
    }

    String title() {
        return title;
    }

    List<Series> series() {
        return series;
    }

    double low() {
        return low;
    }

    double high() {
        return high;
    }

    /** Names of the levels 0, 1, ...; null for numbers. */
    List<String> levels() {
        return levels;
    }
}
