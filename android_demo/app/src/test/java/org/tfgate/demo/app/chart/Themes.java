package org.tfgate.demo.app.chart;

import java.util.Map;
import org.tfgate.demo.app.resources.ResourceFiles;

/** Themes with the app's own colours. */
public final class Themes {
    public static final String[] MODES = {"light", "dark"};

    private Themes() {}

    /**
     * @param mode "light" or "dark".
     * @param fontScale 1 for the usual size of text.
     */
    public static ChartTheme of(String mode, float density, float fontScale) {
        return new ChartTheme(colors(mode), density, 14.0f * density * fontScale);
    }

    static ChartTheme.Colors colors(String mode) {
        String folder = mode.equals("dark") ? "values-night" : "values";
        Map<String, String> colors = ResourceFiles.values(folder + "/colors.xml", "color");
        return new ChartTheme.Colors(
                color(colors, "chart_background"),
                color(colors, "chart_text"),
                color(colors, "chart_grid"),
                color(colors, "chart_first"),
                color(colors, "chart_second"));
    }

    private static int color(Map<String, String> colors, String name) {
        return (int) Long.parseLong(colors.get(name).substring(1), 16);
    }
}
