package org.tfgate.demo.app.screen;

import android.content.Context;
import android.graphics.Canvas;
import android.util.AttributeSet;
import android.view.View;
import org.tfgate.demo.R;
import org.tfgate.demo.app.chart.ChartTheme;
import org.tfgate.demo.app.chart.Drawing;

/** Shows a drawing, which it describes in words to those who can't see it. */
public final class ChartView extends View {
    private final AndroidCanvas canvas = new AndroidCanvas();
    private final ChartTheme theme;
    private Drawing drawing;

    /** As layouts make it. */
    public ChartView(Context context, AttributeSet attributes) {
        super(context, attributes);
        theme =
                new ChartTheme(
                        new ChartTheme.Colors(
                                context.getColor(R.color.chart_background),
                                context.getColor(R.color.chart_text),
                                context.getColor(R.color.chart_grid),
                                context.getColor(R.color.chart_first),
                                context.getColor(R.color.chart_second)),
                        context.getResources().getDisplayMetrics().density,
                        context.getResources().getDimension(R.dimen.chart_text));
    }

    /**
     * @param value what is shown; null for nothing, which takes no room.
     * @param description what it shows, in words.
     */
    public void show(Drawing value, String description) {
        drawing = value;
        setVisibility(value == null ? GONE : VISIBLE);
        setContentDescription(description);
        requestLayout();
        invalidate();
    }

    @Override
    protected void onMeasure(int widthSpec, int heightSpec) {
        int width = MeasureSpec.getSize(widthSpec);
        int inner = width - getPaddingLeft() - getPaddingRight();
        float height = drawing == null || inner <= 0 ? 0 : drawing.height(inner, theme, canvas);
        int wanted = (int) Math.ceil(height) + getPaddingTop() + getPaddingBottom();
        setMeasuredDimension(width, resolveSize(wanted, heightSpec));
    }

    @Override
    protected void onDraw(Canvas target) {
        int inner = getWidth() - getPaddingLeft() - getPaddingRight();
        if (drawing == null || inner <= 0) {
            return;
        }
        target.drawColor(theme.colors().background());
        target.translate(getPaddingLeft(), getPaddingTop());
        canvas.setCanvas(target);
        drawing.draw(canvas, inner, theme);
    }
}
