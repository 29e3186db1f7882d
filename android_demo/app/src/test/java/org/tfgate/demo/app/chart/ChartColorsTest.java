package org.tfgate.demo.app.chart;

import static org.junit.Assert.assertTrue;

import org.junit.Test;

/** WCAG 2 asks for a contrast of 4.5 for text and of 3 for what must be seen. */
public final class ChartColorsTest {
    @Test
    public void textAndSeriesStandOut() {
        for (String mode : Themes.MODES) {
            ChartTheme.Colors colors = Themes.colors(mode);
            int background = colors.background();
            assertTrue(mode, Contrast.of(colors.text(), background) >= 4.5);
            assertTrue(mode, Contrast.of(colors.first(), background) >= 3.0);
            assertTrue(mode, Contrast.of(colors.second(), background) >= 3.0);
        }
    }

    @Test
    public void theTickOnAnOpenBlockStandsOut() {
        for (String mode : Themes.MODES) {
            ChartTheme.Colors colors = Themes.colors(mode);
            assertTrue(mode, Contrast.of(colors.background(), colors.first()) >= 4.5);
        }
    }

    @Test
    public void theGridIsFainterThanTheSeries() {
        for (String mode : Themes.MODES) {
            ChartTheme.Colors colors = Themes.colors(mode);
            double grid = Contrast.of(colors.grid(), colors.background());
            assertTrue(mode, grid < Contrast.of(colors.first(), colors.background()));
            assertTrue(mode, grid < Contrast.of(colors.second(), colors.background()));
        }
    }
}
