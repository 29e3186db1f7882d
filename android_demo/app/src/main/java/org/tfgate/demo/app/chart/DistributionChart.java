package org.tfgate.demo.app.chart;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.tfgate.demo.core.statistics.Statistics;

/**
 * How often which latency was measured: a histogram for each of some models, below one another
 * over the same axis, each with a line at its median. The first is hatched, others are filled.
 * The last bar holds all that is slower.
 */
public final class DistributionChart implements Drawing {
    private static final int MOST_BARS = 40;
    private static final double SHOWN_PERCENT = 98.0;
    private static final double MARGIN = 0.03;

    private final List<Row> rows;
    private final String xTitle;
    private final Locale locale;

    /**
     * @param rows from the top.
     * @param xTitle with the unit; says that slower runs are in the last bar.
     * @param locale of numbers.
     */
    public DistributionChart(List<Row> rows, String xTitle, Locale locale) {
        this.rows = Collections.unmodifiableList(new ArrayList<Row>(rows));
        this.xTitle = xTitle;
        this.locale = locale;
    }

    @Override
    public float height(float width, ChartTheme theme, TextMeter meter) {
        float height = (1 + titleLines(width, theme, meter).size()) * theme.lineHeight();
        for (Row row : rows) {
            height += row.lines(width, theme, meter).size() * theme.lineHeight();
            height += barsHeight(theme) + theme.dp(10);
        }
        return height + theme.dp(6);
    }

    @Override
    public void draw(ChartCanvas canvas, float width, ChartTheme theme) {
        float right = width - theme.dp(8);
        Ticks ticks = ticks(right, theme, canvas);
        float top = 0.0f;
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            top = TextLines.draw(canvas, row.lines(width, theme, canvas), 0.0f, top, theme);
            float bottom = top + barsHeight(theme);
            drawBars(canvas, row, i == 0, ticks, top, right, bottom, theme);
            top = bottom + theme.dp(10);
        }
        float baseline = top - theme.dp(4) + theme.lineHeight() / 2.0f + theme.middleToBaseline();
        for (double value : ticks.values()) {
            String label = ticks.label(value, locale);
            float half = canvas.width(label, theme.textSize()) / 2.0f;
            float center = toX(value, ticks, right);
            canvas.text(
                    label, Math.max(half, Math.min(width - half, center)), baseline,
                    ChartCanvas.Align.CENTER, theme.textSize(), theme.colors().text());
        }
        TextLines.draw(
                canvas, titleLines(width, theme, canvas), 0.0f, top + theme.lineHeight(), theme);
    }

    private void drawBars(
            ChartCanvas canvas, Row row, boolean hatched, Ticks ticks, float top, float right,
            float bottom, ChartTheme theme) {
        Pen axis = Pen.solid(theme.colors().text(), theme.dp(1));
        Pen grid = Pen.solid(theme.colors().grid(), theme.dp(0.75f));
        for (double value : ticks.values()) {
            float x = toX(value, ticks, right);
            canvas.polyline(new float[] {x, top, x, bottom + theme.dp(4)}, grid);
        }
        int[] counts = counts(row.milliseconds, ticks.low(), ticks.high(), bars(right, theme));
        int most = 1;
        for (int count : counts) {
            most = Math.max(most, count);
        }
        for (int i = 0; i < counts.length; i++) {
            float from = right * i / counts.length;
            float to = right * (i + 1) / counts.length;
            float level = bottom - (bottom - top) * counts[i] / most;
            if (counts[i] > 0 && hatched) {
                Pen pen = Pen.solid(theme.colors().second(), theme.dp(1.25f));
                Shapes.hatch(canvas, from, level, to, bottom, theme.dp(5), pen);
                Shapes.frame(canvas, from, level, to, bottom, pen);
            } else if (counts[i] > 0) {
                canvas.fill(
                        Shapes.rectangle(from, level, to - theme.dp(0.5f), bottom),
                        theme.colors().first());
            }
        }
        canvas.polyline(new float[] {0.0f, bottom, right, bottom}, axis);
        if (row.milliseconds.length > 0) {
            float x = toX(Statistics.of(row.milliseconds).median(), ticks, right);
            canvas.polyline(
                    new float[] {x, top, x, bottom},
                    Pen.dashed(theme.colors().text(), theme.dp(2), theme.dp(4)));
        }
    }

    /** How many values lie in each of some bars; the first and last hold what lies outside. */
    static int[] counts(double[] values, double low, double high, int bars) {
        int[] counts = new int[bars];
        for (double value : values) {
            int bar = (int) Math.floor((value - low) / (high - low) * bars);
            counts[Math.max(0, Math.min(bars - 1, bar))]++;
        }
        return counts;
    }

    private Ticks ticks(float right, ChartTheme theme, TextMeter meter) {
        double low = Double.POSITIVE_INFINITY;
        double high = 0.0;
        for (Row row : rows) {
            if (row.milliseconds.length > 0) {
                Statistics statistics = Statistics.of(row.milliseconds);
                low = Math.min(low, statistics.minimum());
                high = Math.max(high, statistics.percentile(SHOWN_PERCENT));
            }
        }
        if (high == 0.0) {
            low = 0.0;
            high = 1.0;
        }
        // A value at the very end would be in the bar that also holds what is slower.
        double margin = MARGIN * (high - low);
        low = Math.max(0.0, low - margin);
        high += margin;
        float widest = meter.width(Ticks.around(low, high, 10).label(high, locale),
                theme.textSize());
        int count = (int) (right / (widest + theme.dp(14)));
        return Ticks.around(low, high, Math.max(1, Math.min(8, count)));
    }

    private static float toX(double value, Ticks ticks, float right) {
        double share = (value - ticks.low()) / (ticks.high() - ticks.low());
        return right * (float) Math.max(0.0, Math.min(1.0, share));
    }

    private static int bars(float right, ChartTheme theme) {
        return Math.max(8, Math.min(MOST_BARS, (int) (right / theme.dp(8))));
    }

    private List<String> titleLines(float width, ChartTheme theme, TextMeter meter) {
        return TextLines.wrap(xTitle, width, theme.textSize(), meter);
    }

    private static float barsHeight(ChartTheme theme) {
        return theme.dp(72);
    }

    /** Latencies of a model; immutable. */
    public static final class Row {
        private final String title;
        private final double[] milliseconds;

        /**
         * @param title name of the model, and its median in words.
         * @param milliseconds of all runs so far.
         */
        public Row(String title, double[] milliseconds) {
            this.title = title;
            this.milliseconds = milliseconds.clone();
        }

        List<String> lines(float width, ChartTheme theme, TextMeter meter) {
            return TextLines.wrap(title, width, theme.textSize(), meter);
        }
    }
}
