package org.tfgate.demo.app.chart;

/** Something that is drawn as wide as there is room, and as high as it needs; immutable. */
public interface Drawing {
    /**
     * @param width in pixels.
     * @return the height that it needs, in pixels.
     */
    float height(float width, ChartTheme theme, TextMeter meter);

    /** Draws itself from (0, 0) on, so wide and as high as {@link #height} says. */
    void draw(ChartCanvas canvas, float width, ChartTheme theme);
}
