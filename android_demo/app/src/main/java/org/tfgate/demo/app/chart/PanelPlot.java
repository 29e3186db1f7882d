package org.tfgate.demo.app.chart;

import java.util.List;
import java.util.Locale;

/** Draws one panel into its rectangle. */
final class PanelPlot {
    private final ChartCanvas canvas;
    private final ChartTheme theme;
    private final Panel panel;
    private final Ticks x;
    private final Ticks y;
    private final float left;
    private final float top;
    private final float right;
    private final float bottom;

    PanelPlot(
            ChartCanvas canvas, ChartTheme theme, Panel panel, Ticks x, Ticks y, float left,
            float top, float right, float bottom) {
        this.canvas = canvas;
        this.theme = theme;
        this.panel = panel;
        this.x = x;
        this.y = y;
        this.left = left;
        this.top = top;
        this.right = right;
        this.bottom = bottom;
    }

    void draw(Locale locale) {
        drawGrid(locale);
        Shapes.frame(
                canvas, left, top, right, bottom, Pen.solid(theme.colors().grid(), theme.dp(1)));
        for (Series series : panel.series()) {
            drawSeries(series);
        }
    }

    /** Writes the numbers of the x axis below the plot. */
    void labelX(Locale locale) {
        // Half a line lower than needed: the lowest label of the y axis hangs over the corner.
        float baseline = bottom + theme.lineHeight() + theme.middleToBaseline();
        for (double value : x.values()) {
            String label = x.label(value, locale);
            float half = canvas.width(label, theme.textSize()) / 2.0f;
            float center = Math.min(toX(value), right + theme.dp(8) - half);
            canvas.text(
                    label, center, baseline, ChartCanvas.Align.CENTER, theme.textSize(),
                    theme.colors().text());
        }
    }

    static String yLabel(Panel panel, Ticks ticks, double value, Locale locale) {
        List<String> levels = panel.levels();
        return levels == null ? ticks.label(value, locale) : levels.get((int) Math.round(value));
    }

    /** A short piece of a series, for the legend. */
    static void drawSample(
            ChartCanvas canvas, ChartTheme theme, Series.Look look, float width, float y) {
        canvas.polyline(new float[] {0.0f, y, width, y}, pen(theme, look));
        drawMark(canvas, theme, look, width / 2.0f, y);
    }

    private void drawGrid(Locale locale) {
        Pen pen = Pen.solid(theme.colors().grid(), theme.dp(0.75f));
        for (double value : y.values()) {
            float height = toY(value);
            canvas.polyline(new float[] {left, height, right, height}, pen);
            String label = yLabel(panel, y, value, locale);
            canvas.text(
                    TextLines.shorten(label, left - theme.dp(4), theme.textSize(), canvas),
                    left - theme.dp(4),
                    height + theme.middleToBaseline(), ChartCanvas.Align.RIGHT, theme.textSize(),
                    theme.colors().text());
        }
        for (double value : x.values()) {
            canvas.polyline(new float[] {toX(value), top, toX(value), bottom}, pen);
        }
    }

    private void drawSeries(Series series) {
        int count = series.x().length;
        boolean steps = series.look() == Series.Look.STEPS;
        if (count > 1) {
            float[] points = new float[steps ? 4 * count - 2 : 2 * count];
            int next = 0;
            for (int i = 0; i < count; i++) {
                if (steps && i > 0) {
                    points[next++] = toX(series.x()[i]);
                    points[next++] = toY(series.y()[i - 1]);
                }
                points[next++] = toX(series.x()[i]);
                points[next++] = toY(series.y()[i]);
            }
            canvas.polyline(points, pen(theme, series.look()));
        }
        // Marks that would touch hide the line instead of showing the points.
        if (count * theme.dp(14) <= right - left || count == 1) {
            for (int i = 0; i < count; i++) {
                drawMark(
                        canvas, theme, series.look(), toX(series.x()[i]), toY(series.y()[i]));
            }
        }
    }

    private static void drawMark(
            ChartCanvas canvas, ChartTheme theme, Series.Look look, float centerX, float centerY) {
        float radius = theme.dp(4);
        if (look == Series.Look.LINE) {
            float[] circle = new float[24];
            for (int i = 0; i < 12; i++) {
                circle[2 * i] = centerX + radius * (float) Math.cos(Math.PI * i / 6.0);
                circle[2 * i + 1] = centerY + radius * (float) Math.sin(Math.PI * i / 6.0);
            }
            canvas.fill(circle, theme.colors().first());
        } else if (look == Series.Look.DASHED) {
            canvas.fill(
                    Shapes.rectangle(
                            centerX - radius, centerY - radius, centerX + radius,
                            centerY + radius),
                    theme.colors().second());
        }
    }

    private static Pen pen(ChartTheme theme, Series.Look look) {
        switch (look) {
            case DASHED:
                return Pen.dashed(theme.colors().second(), theme.dp(2), theme.dp(6));
            case TARGET:
                return Pen.dashed(theme.colors().text(), theme.dp(1.5f), theme.dp(3));
            default:
                return Pen.solid(theme.colors().first(), theme.dp(2));
        }
    }

    private float toX(double value) {
        double share = (value - x.low()) / (x.high() - x.low());
        return left + (right - left) * (float) Math.max(0.0, Math.min(1.0, share));
    }

    private float toY(double value) {
        double share = (value - y.low()) / (y.high() - y.low());
        return bottom - (bottom - top) * (float) Math.max(0.0, Math.min(1.0, share));
    }
}
