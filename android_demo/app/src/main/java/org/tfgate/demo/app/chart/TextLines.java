package org.tfgate.demo.app.chart;

import java.util.ArrayList;
import java.util.List;

/** Texts that take the room they need: lines that break between words. */
final class TextLines {
    private static final String ELLIPSIS = "\u2026";

    private TextLines() {}

    /** Breaks a text into lines of at most a width; a single word that is wider is shortened. */
    static List<String> wrap(String text, float width, float size, TextMeter meter) {
        List<String> lines = new ArrayList<String>();
        String line = "";
        for (String word : text.split(" ")) {
            String longer = line.isEmpty() ? word : line + " " + word;
            if (line.isEmpty() || meter.width(longer, size) <= width) {
                line = longer;
            } else {
                lines.add(shorten(line, width, size, meter));
                line = word;
            }
        }
        lines.add(shorten(line, width, size, meter));
        return lines;
    }

    /** A text, or its beginning and three dots, of at most a width. */
    static String shorten(String text, float width, float size, TextMeter meter) {
        if (meter.width(text, size) <= width) {
            return text;
        }
        int length = text.length() - 1;
        while (length > 0 && meter.width(text.substring(0, length) + ELLIPSIS, size) > width) {
            length--;
        }
        return text.substring(0, length) + ELLIPSIS;
    }

    /** Draws lines below one another; returns where they end. */
    static float draw(
            ChartCanvas canvas, List<String> lines, float x, float top, ChartTheme theme) {
        float y = top;
        for (String line : lines) {
            float baseline = y + theme.lineHeight() / 2.0f + theme.middleToBaseline();
            canvas.text(
                    line, x, baseline, ChartCanvas.Align.LEFT, theme.textSize(),
                    theme.colors().text());
            y += theme.lineHeight();
        }
        return y;
    }
}
