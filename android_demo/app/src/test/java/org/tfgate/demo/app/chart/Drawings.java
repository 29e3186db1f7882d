package org.tfgate.demo.app.chart;

import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.awt.geom.Rectangle2D;
import java.io.File;
import java.io.IOException;
import org.tfgate.demo.app.resources.ResourceFiles;

/** Draws into {@code target/drawings}, and looks at where all is. */
public final class Drawings {
    private static final float DENSITY = 2.0f;

    private Drawings() {}

    /**
     * Draws light and dark, narrow and wide, with usual and with large text. Nothing may be cut
     * off, and no two texts may lie over one another.
     */
    public static void drawAll(String name, Drawing drawing) throws IOException {
        for (String mode : Themes.MODES) {
            for (int width : new int[] {280, 760}) {
                for (float scale : new float[] {1.0f, 2.0f}) {
                    ChartTheme theme = Themes.of(mode, DENSITY, scale);
                    String file = name + "_" + mode + "_" + width + "_x" + (int) scale + ".png";
                    draw(new File(ResourceFiles.drawings(), file), drawing, width, theme);
                }
            }
        }
    }

    private static void draw(File file, Drawing drawing, int dp, ChartTheme theme)
            throws IOException {
        int background = theme.colors().background();
        int width = Math.round(theme.dp(dp));
        float height = drawing.height(width, theme, new AwtCanvas(1, 1, background));
        AwtCanvas canvas = new AwtCanvas(width, (int) Math.ceil(height), background);
        drawing.draw(canvas, width, theme);
        canvas.write(file);
        Rectangle2D room = new Rectangle2D.Float(-1, -1, width + 2, height + 2);
        assertTrue(file + ": " + canvas.drawn() + " in " + room, room.contains(canvas.drawn()));
        assertFalse(canvas.texts.isEmpty());
        for (int i = 0; i < canvas.texts.size(); i++) {
            for (int j = 0; j < i; j++) {
                assertFalse(
                        file + ": " + canvas.words.get(i) + " over " + canvas.words.get(j),
                        canvas.texts.get(i).intersects(canvas.texts.get(j)));
            }
        }
    }
}
