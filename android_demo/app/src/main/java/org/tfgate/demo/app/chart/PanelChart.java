package org.tfgate.demo.app.chart;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** Plots below one another over the same x axis: each number has an axis of its own. */
public final class PanelChart implements Drawing {
    private static final int MOST_TICKS = 10;
    private static final float WIDEST_AXIS = 0.35f;

    private final List<Panel> panels;
    private final String xTitle;
    private final double xLow;
    private final double xHigh;
    private final Locale locale;

    /**
     * @param panels from the top.
     * @param xTitle with the unit.
     * @param xLow where the x axis begins at the latest.
     * @param xHigh where it ends at the earliest, above xLow.
     * @param locale of numbers.
     */
    public PanelChart(
            List<Panel> panels, String xTitle, double xLow, double xHigh, Locale locale) {
        this.panels = Collections.unmodifiableList(new ArrayList<Panel>(panels));
        this.xTitle = xTitle;
        this.xLow = xLow;
        this.xHigh = xHigh;
        this.locale = locale;
    }

    @Override
    public float height(float width, ChartTheme theme, TextMeter meter) {
        float height = 0.0f;
        for (Panel panel : panels) {
            height += headHeight(panel, width, theme, meter) + plotHeight(panel, theme);
        }
        return height + footHeight(width, theme, meter);
    }

    @Override
    public void draw(ChartCanvas canvas, float width, ChartTheme theme) {
        float left = axisWidth(width, theme, canvas);
        float right = width - theme.dp(8);
        Ticks x = xTicks(right - left, theme, canvas);
        float top = 0.0f;
        PanelPlot plot = null;
        for (Panel panel : panels) {
            top = drawHead(canvas, panel, width, top, theme);
            float bottom = top + plotHeight(panel, theme) - theme.dp(12);
            plot = new PanelPlot(canvas, theme, panel, x, yTicks(panel), left, top, right, bottom);
            plot.draw(locale);
            top = bottom + theme.dp(12);
        }
        if (plot != null) {
            plot.labelX(locale);
        }
        TextLines.draw(
                canvas, TextLines.wrap(xTitle, width, theme.textSize(), canvas), 0.0f,
                top + 1.3f * theme.lineHeight(), theme);
    }

    /** Title, and a legend where there is more than one series; returns where it ends. */
    private float drawHead(
            ChartCanvas canvas, Panel panel, float width, float top, ChartTheme theme) {
        List<String> title = TextLines.wrap(panel.title(), width, theme.textSize(), canvas);
        float y = TextLines.draw(canvas, title, 0.0f, top, theme);
        if (panel.series().size() > 1) {
            float sample = theme.dp(36);
            for (Series series : panel.series()) {
                PanelPlot.drawSample(
                        canvas, theme, series.look(), sample, y + theme.lineHeight() / 2.0f);
                List<String> name =
                        TextLines.wrap(
                                series.name(), legendRoom(width, theme), theme.textSize(), canvas);
                y = TextLines.draw(canvas, name, sample + theme.dp(6), y, theme);
            }
        }
        return y + headGap(theme);
    }

    private float headHeight(Panel panel, float width, ChartTheme theme, TextMeter meter) {
        int lines = TextLines.wrap(panel.title(), width, theme.textSize(), meter).size();
        if (panel.series().size() > 1) {
            for (Series series : panel.series()) {
                lines +=
                        TextLines.wrap(
                                        series.name(), legendRoom(width, theme), theme.textSize(),
                                        meter)
                                .size();
            }
        }
        return lines * theme.lineHeight() + headGap(theme);
    }

    /** The highest label of the y axis hangs into it. */
    private static float headGap(ChartTheme theme) {
        return 0.75f * theme.lineHeight();
    }

    private static float legendRoom(float width, ChartTheme theme) {
        return width - theme.dp(42);
    }

    private float footHeight(float width, ChartTheme theme, TextMeter meter) {
        int lines = TextLines.wrap(xTitle, width, theme.textSize(), meter).size();
        return (1.3f + lines) * theme.lineHeight() + theme.dp(2);
    }

    private static float plotHeight(Panel panel, ChartTheme theme) {
        int labels = panel.levels() == null ? 5 : panel.levels().size();
        return Math.max(theme.dp(110), labels * theme.lineHeight()) + theme.dp(12);
    }

    private static Ticks yTicks(Panel panel) {
        int count = panel.levels() == null ? 4 : panel.levels().size() - 1;
        return Ticks.around(panel.low(), panel.high(), count);
    }

    /** Room for the widest label of any y axis, but not so much that none is left for the plot. */
    private float axisWidth(float width, ChartTheme theme, TextMeter meter) {
        float widest = 0.0f;
        for (Panel panel : panels) {
            Ticks ticks = yTicks(panel);
            for (double value : ticks.values()) {
                String label = PanelPlot.yLabel(panel, ticks, value, locale);
                widest = Math.max(widest, meter.width(label, theme.textSize()));
            }
        }
        return Math.min(widest, width * WIDEST_AXIS) + theme.dp(8);
    }

    /** As many ticks as have room for their labels; the last is moved in, if it would hang out. */
    private Ticks xTicks(float room, ChartTheme theme, TextMeter meter) {
        Ticks ticks = null;
        for (int count = MOST_TICKS; count > 0; count--) {
            ticks = Ticks.around(xLow, xHigh, count);
            float widest = 0.0f;
            for (double value : ticks.values()) {
                String label = ticks.label(value, locale);
                widest = Math.max(widest, meter.width(label, theme.textSize()));
            }
            float movedIn = Math.max(0.0f, widest / 2.0f - theme.dp(8));
            if (room / (ticks.values().size() - 1) >= widest + movedIn + theme.dp(6)) {
                return ticks;
            }
        }
        return ticks;
    }
}
