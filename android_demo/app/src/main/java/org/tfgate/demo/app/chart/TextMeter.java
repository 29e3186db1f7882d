package org.tfgate.demo.app.chart;

/** Tells how wide texts are. */
public interface TextMeter {
    /**
     * @param size of the text, in pixels.
     * @return width in pixels.
     */
    float width(String text, float size);
}
