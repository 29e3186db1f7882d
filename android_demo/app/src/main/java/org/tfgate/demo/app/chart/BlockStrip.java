package org.tfgate.demo.app.chart;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The blocks of a network in a row, or in as many rows as their names need. A block that ran is
 * filled and ticked, one that did not is empty and crossed; of filter groups the share that ran is
 * filled. In a row, blocks are wider the more of the MACs they have.
 */
public final class BlockStrip implements Drawing {
    private final List<Cell> cells;

    /**
     * @param cells in network order.
     */
    public BlockStrip(List<Cell> cells) {
        this.cells = Collections.unmodifiableList(new ArrayList<Cell>(cells));
    }

    /** What is drawn, in network order. */
    public List<Cell> cells() {
        return cells;
    }

    @Override
    public float height(float width, ChartTheme theme, TextMeter meter) {
        return rows(width, theme, meter).size() * rowHeight(theme);
    }

    @Override
    public void draw(ChartCanvas canvas, float width, ChartTheme theme) {
        float top = 0.0f;
        for (List<Cell> row : rows(width, theme, canvas)) {
            drawRow(canvas, row, width, top, theme);
            top += rowHeight(theme);
        }
    }

    private void drawRow(
            ChartCanvas canvas, List<Cell> row, float width, float top, ChartTheme theme) {
        float gap = theme.dp(4);
        float least = Math.min(leastWidth(theme, canvas), width);
        float room = Math.max(0.0f, width - row.size() * (least + gap) + gap);
        double shares = 0.0;
        for (Cell cell : row) {
            shares += cell.share;
        }
        float left = 0.0f;
        for (Cell cell : row) {
            double part = shares > 0.0 ? cell.share / shares : 1.0 / row.size();
            float right = left + least + (float) (room * part);
            drawCell(canvas, cell, left, top, Math.min(right, width), theme);
            left = right + gap;
        }
    }

    private void drawCell(
            ChartCanvas canvas, Cell cell, float left, float top, float right,
            ChartTheme theme) {
        float bottom = top + lampHeight(theme);
        float middle = (left + right) / 2.0f;
        float line = theme.dp(1.5f);
        int first = theme.colors().first();
        int text = theme.colors().text();
        if (cell.openShare == null) {
            Shapes.hatch(
                    canvas, left, top, right, bottom, theme.dp(6),
                    Pen.solid(theme.colors().grid(), theme.dp(1)));
        } else if (cell.openShare > 0.0) {
            float level = bottom - (bottom - top) * cell.openShare.floatValue();
            canvas.fill(Shapes.rectangle(left, level, right, bottom), first);
        }
        Shapes.frame(
                canvas, left, top, right, bottom,
                cell.isShut() ? Pen.dashed(text, line, theme.dp(3)) : Pen.solid(text, line));
        float mark = theme.textSize();
        float center = (top + bottom) / 2.0f;
        if (cell.isShut()) {
            Shapes.cross(canvas, middle, center, mark, Pen.solid(text, theme.dp(2)));
        } else if (cell.isOpen()) {
            Pen pen = Pen.solid(theme.colors().background(), theme.dp(2.5f));
            Shapes.check(canvas, middle, center, mark, pen);
        }
        float width = right - left;
        float y = bottom + theme.dp(2);
        for (String label : new String[] {cell.name, cell.note}) {
            String shown = TextLines.shorten(label, width, theme.textSize(), canvas);
            y += theme.lineHeight();
            canvas.text(
                    shown, middle, y - theme.lineHeight() / 2.0f + theme.middleToBaseline(),
                    ChartCanvas.Align.CENTER, theme.textSize(), text);
        }
    }

    /** As few rows as give every name its room, all of about the same length. */
    private List<List<Cell>> rows(float width, ChartTheme theme, TextMeter meter) {
        float gap = theme.dp(4);
        int most = Math.max(1, (int) ((width + gap) / (leastWidth(theme, meter) + gap)));
        int count = (cells.size() + most - 1) / most;
        List<List<Cell>> rows = new ArrayList<List<Cell>>();
        for (int row = 0; row < count; row++) {
            rows.add(
                    cells.subList(
                            row * cells.size() / count, (row + 1) * cells.size() / count));
        }
        return rows;
    }

    private float leastWidth(ChartTheme theme, TextMeter meter) {
        float least = theme.dp(32);
        for (Cell cell : cells) {
            least = Math.max(least, meter.width(cell.name, theme.textSize()));
            least = Math.max(least, meter.width(cell.note, theme.textSize()));
        }
        return least + theme.dp(2);
    }

    private static float lampHeight(ChartTheme theme) {
        return theme.textSize() * 1.8f;
    }

    private static float rowHeight(ChartTheme theme) {
        return lampHeight(theme) + 2.0f * theme.lineHeight() + theme.dp(10);
    }

    /** A block; immutable. */
    public static final class Cell {
        private final String name;
        private final String note;
        private final double share;
        private final Double openShare;

        /**
         * @param name of the block.
         * @param note a second line, such as its share of the MACs in words.
         * @param share of the MACs of all cells that it has, at least 0.
         * @param openShare which share of it ran, in [0, 1]; null if not known.
         */
        public Cell(String name, String note, double share, Double openShare) {
            this.name = name;
            this.note = note;
            this.share = share;
            this.openShare = openShare;
        }

        /** Name of the block. */
        public String name() {
            return name;
        }

        /** Which share of it ran, in [0, 1]; null if not known. */
        public Double openShare() {
            return openShare;
        }

        boolean isOpen() {
            return openShare != null && openShare == 1.0;
        }

        boolean isShut() {
            return openShare != null && openShare == 0.0;
        }
    }
}
