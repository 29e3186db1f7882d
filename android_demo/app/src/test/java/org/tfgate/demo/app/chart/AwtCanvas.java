package org.tfgate.demo.app.chart;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/** A canvas that is a picture; notes where texts are and how far all reaches. */
public final class AwtCanvas implements ChartCanvas {
    final List<Rectangle2D> texts = new ArrayList<Rectangle2D>();
    final List<String> words = new ArrayList<String>();
    private final BufferedImage image;
    private final Graphics2D graphics;
    private Rectangle2D drawn;

    public AwtCanvas(int width, int height, int background) {
        image = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
        graphics = image.createGraphics();
        graphics.setRenderingHint(
                RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(
                RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
        graphics.setColor(new Color(background, true));
        graphics.fillRect(0, 0, width, height);
    }

    /** What was drawn: the smallest rectangle that holds all. */
    Rectangle2D drawn() {
        return drawn;
    }

    int color(int x, int y) {
        return image.getRGB(x, y);
    }

    public void write(File file) throws IOException {
        ImageIO.write(image, "png", file);
    }

    @Override
    public void polyline(float[] points, Pen pen) {
        float width = pen.width();
        graphics.setColor(new Color(pen.color(), true));
        graphics.setStroke(
                pen.dash() == 0.0f
                        ? new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND)
                        : new BasicStroke(
                                width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1.0f,
                                new float[] {pen.dash(), pen.dash()}, 0.0f));
        graphics.draw(path(points));
    }

    @Override
    public void fill(float[] points, int color) {
        Path2D path = path(points);
        path.closePath();
        graphics.setColor(new Color(color, true));
        graphics.fill(path);
    }

    @Override
    public void text(
            String text, float x, float baseline, Align align, float size, int color) {
        float width = width(text, size);
        float left = x - (align == Align.LEFT ? 0 : align == Align.CENTER ? width / 2 : width);
        graphics.setFont(font(size));
        graphics.setColor(new Color(color, true));
        graphics.drawString(text, left, baseline);
        Rectangle2D box =
                new Rectangle2D.Double(left, baseline - 0.8 * size, width, 1.0 * size);
        texts.add(box);
        words.add(text);
        reach(box);
    }

    @Override
    public float width(String text, float size) {
        return (float)
                font(size).getStringBounds(text, graphics.getFontRenderContext()).getWidth();
    }

    private static Font font(float size) {
        return new Font(Font.SANS_SERIF, Font.PLAIN, 1).deriveFont(size);
    }

    private Path2D path(float[] points) {
        Path2D path = new Path2D.Float();
        path.moveTo(points[0], points[1]);
        for (int i = 2; i < points.length; i += 2) {
            path.lineTo(points[i], points[i + 1]);
        }
        reach(path.getBounds2D());
        return path;
    }

    private void reach(Rectangle2D box) {
        if (drawn == null) {
            drawn = (Rectangle2D) box.clone();
        } else {
            Rectangle2D.union(drawn, box, drawn);
        }
    }
}
