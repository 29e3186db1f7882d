package org.tfgate.demo.app.chart;

/** Colours and sizes of charts; immutable. */
public final class ChartTheme {
    private final Colors colors;
    private final float density;
    private final float textSize;

    /**
     * @param density pixels per dp, above 0.
     * @param textSize of labels in pixels, as large as the person asked for.
     */
    public ChartTheme(Colors colors, float density, float textSize) {
        this.colors = colors;
        this.density = density;
        this.textSize = textSize;
    }

    /** Colours, of day or night. */
    public Colors colors() {
        return colors;
    }

    /** Pixels of so many dp. */
    public float dp(float value) {
        return value * density;
    }

    /** Size of labels in pixels. */
    public float textSize() {
        return textSize;
    }

    /** Height of a line of labels in pixels. */
    public float lineHeight() {
        return textSize * 1.35f;
    }

    /** From a label's middle down to its baseline, in pixels. */
    public float middleToBaseline() {
        return textSize * 0.36f;
    }

    /** ARGB colours; immutable. */
    public static final class Colors {
        private final int background;
        private final int text;
        private final int grid;
        private final int first;
        private final int second;

        /**
         * @param background behind all.
         * @param text labels, and lines that mark a value.
         * @param grid lines that guide the eye.
         * @param first of the first series: what is measured, or open.
         * @param second of the second: what it is compared with.
         */
        public Colors(int background, int text, int grid, int first, int second) {
            this.background = background;
            this.text = text;
            this.grid = grid;
            this.first = first;
            this.second = second;
        }

        /** Behind all. */
        public int background() {
            return background;
        }

        /** Labels, and lines that mark a value. */
        public int text() {
            return text;
        }

        /** Lines that guide the eye. */
        public int grid() {
            return grid;
        }

        /** The first series: what is measured, or open. */
        public int first() {
            return first;
        }

        /** The second series: what it is compared with. */
        public int second() {
            return second;
        }
    }
}
