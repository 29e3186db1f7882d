package org.tfgate.demo.app.chart;

/** Rectangles, hatching and marks. */
final class Shapes {
    private Shapes() {}

    /** Corners of a rectangle. */
    static float[] rectangle(float left, float top, float right, float bottom) {
        return new float[] {left, top, right, top, right, bottom, left, bottom};
    }

    /** Draws the outline of a rectangle. */
    static void frame(
            ChartCanvas canvas, float left, float top, float right, float bottom, Pen pen) {
        canvas.polyline(
                new float[] {left, top, right, top, right, bottom, left, bottom, left, top}, pen);
    }

    /**
     * Fills a rectangle with rising lines.
     *
     * @param step from line to line in pixels, above 0.
     */
    static void hatch(
            ChartCanvas canvas, float left, float top, float right, float bottom, float step,
            Pen pen) {
        // Lines x + y = c; starting at multiples of the step, neighbours' lines continue.
        float first = (float) Math.ceil((left + top) / step) * step;
        for (float c = first; c < right + bottom; c += step) {
            float fromX = Math.max(left, c - bottom);
            float toX = Math.min(right, c - top);
            if (toX > fromX) {
                canvas.polyline(new float[] {fromX, c - fromX, toX, c - toX}, pen);
            }
        }
    }

    /** A tick: it ran. */
    static void check(ChartCanvas canvas, float x, float y, float size, Pen pen) {
        float half = size / 2.0f;
        canvas.polyline(
                new float[] {
                    x - half, y, x - half / 4.0f, y + half * 0.7f, x + half, y - half * 0.7f
                },
                pen);
    }

    /** A cross: it did not. */
    static void cross(ChartCanvas canvas, float x, float y, float size, Pen pen) {
        float half = size * 0.4f;
        canvas.polyline(new float[] {x - half, y - half, x + half, y + half}, pen);
        canvas.polyline(new float[] {x - half, y + half, x + half, y - half}, pen);
    }
}
