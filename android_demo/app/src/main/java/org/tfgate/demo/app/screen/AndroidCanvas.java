package org.tfgate.demo.app.screen;

import android.graphics.Canvas;
import android.graphics.DashPathEffect;
import android.graphics.Paint;
import android.graphics.Path;
import org.tfgate.demo.app.chart.ChartCanvas;
import org.tfgate.demo.app.chart.Pen;

/** Android's canvas, for charts. */
final class AndroidCanvas implements ChartCanvas {
    private final Paint lines = new Paint(Paint.ANTI_ALIAS_FLAG);
    private final Paint areas = new Paint(Paint.ANTI_ALIAS_FLAG);
    private final Paint texts = new Paint(Paint.ANTI_ALIAS_FLAG);
    private Canvas canvas;

    AndroidCanvas() {
        lines.setStyle(Paint.Style.STROKE);
        lines.setStrokeJoin(Paint.Join.ROUND);
        areas.setStyle(Paint.Style.FILL);
    }

    /** Draws on this from now on; before, texts can be measured alone. */
    void setCanvas(Canvas value) {
        canvas = value;
    }

    @Override
    public void polyline(float[] points, Pen pen) {
        lines.setColor(pen.color());
        lines.setStrokeWidth(pen.width());
        lines.setPathEffect(
                pen.dash() == 0.0f
                        ? null
                        : new DashPathEffect(new float[] {pen.dash(), pen.dash()}, 0.0f));
        canvas.drawPath(path(points), lines);
    }

    @Override
    public void fill(float[] points, int color) {
        areas.setColor(color);
        Path path = path(points);
        path.close();
        canvas.drawPath(path, areas);
    }

    @Override
    public void text(
            String text, float x, float baseline, Align align, float size, int color) {
        texts.setColor(color);
        texts.setTextSize(size);
        texts.setTextAlign(
                align == Align.LEFT
                        ? Paint.Align.LEFT
                        : align == Align.CENTER ? Paint.Align.CENTER : Paint.Align.RIGHT);
        canvas.drawText(text, x, baseline, texts);
    }

    @Override
    public float width(String text, float size) {
        texts.setTextSize(size);
        return texts.measureText(text);
    }

    private static Path path(float[] points) {
        Path path = new Path();
        path.moveTo(points[0], points[1]);
        for (int i = 2; i < points.length; i += 2) {
            path.lineTo(points[i], points[i + 1]);
        }
        return path;
    }
}
