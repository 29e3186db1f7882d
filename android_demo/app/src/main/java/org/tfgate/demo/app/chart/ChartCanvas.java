package org.tfgate.demo.app.chart;

/** What charts draw on. All lengths are pixels, x to the right and y down; colours are ARGB. */
public interface ChartCanvas extends TextMeter {
    /** Where a text lies, seen from its x. */
    enum Align {
        /** It begins there. */
        LEFT,
        /** Its middle is there. */
        CENTER,
        /** It ends there. */
        RIGHT
    }

    /**
     * Draws lines from point to point.
     *
     * @param points x and y in turn, two points or more.
     */
    void polyline(float[] points, Pen pen);

    /**
     * Fills a polygon.
     *
     * @param points x and y of each corner in turn, three corners or more.
     */
    void fill(float[] points, int color);

    /** Draws a line of text on a baseline. */
    void text(String text, float x, float baseline, Align align, float size, int color);
}
