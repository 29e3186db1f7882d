package org.tfgate.demo.app.chart;

/** How a line looks; immutable. */
public final class Pen {
    private final int color;
    private final float width;
    private final float dash;

    private Pen(int color, float width, float dash) {
        this.color = color;
        this.width = width;
        this.dash = dash;
    }

    /** A line without gaps. */
    public static Pen solid(int color, float width) {
        return new Pen(color, width, 0.0f);
    }

    /**
     * A line of dashes.
     *
     * @param dash length of dashes and of gaps in pixels, above 0.
     */
    public static Pen dashed(int color, float width, float dash) {
        return new Pen(color, width, dash);
    }

    /** ARGB. */
    public int color() {
        return color;
    }

    /** In pixels. */
    public float width() {
        return width;
    }

    /** Length of dashes and of gaps in pixels; 0 for none. */
    public float dash() {
        return dash;
    }
}
