package org.tfgate.demo.app.screen;

import android.app.Activity;
import android.content.Intent;
import android.view.View;
import android.view.ViewGroup;
import android.widget.SeekBar;
import android.widget.Spinner;
import android.widget.TextView;

/** A screen in the activity; lives as long as that. */
public abstract class Screen {
    private final Activity activity;
    private final View view;

    /**
     * @param layout from {@code R.layout}.
     * @param parent what the view will be put into.
     */
    protected Screen(Activity activity, int layout, ViewGroup parent) {
        this.activity = activity;
        view = activity.getLayoutInflater().inflate(layout, parent, false);
    }

    /** What is shown. */
    public final View view() {
        return view;
    }

    /** It is shown from now on. */
    public abstract void start();

    /** It is no longer shown. */
    public abstract void stop();

    /**
     * Another activity has answered.
     *
     * @param request the number that it was started with.
     * @param data the answer; never null.
     */
    public void onAnswer(int request, Intent data) {}

    /** Where it is shown. */
    protected final Activity activity() {
        return activity;
    }

    /** A view of the layout, of the class that the caller expects. */
    protected final <V extends View> V find(int id, Class<V> kind) {
        return kind.cast(view.findViewById(id));
    }

    /** Says what a button does. */
    protected final void onClick(int id, final Runnable action) {
        view.findViewById(id).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View button) {
                action.run();
            }
        });
    }

    /** A spinner of the layout. */
    protected final ChoiceView choice(int id, ChoiceView.Listener listener) {
        return new ChoiceView(find(id, Spinner.class), listener);
    }

    /** A slider of the layout, with its label and its reason. */
    protected final SliderView slider(
            int id, int label, int reason, SliderView.Listener listener) {
        return new SliderView(
                find(id, SeekBar.class), find(label, TextView.class),
                find(reason, TextView.class), listener);
    }

    /** Shows a text of the layout; null takes no room. */
    protected final void show(int id, String text) {
        show(find(id, TextView.class), text);
    }

    /** Says what the buttons of a measurement do. */
    protected final void bindButtons(
            int start, int stop, int save, final Measuring measuring) {
        onClick(start, new Runnable() {
            @Override
            public void run() {
                measuring.start();
            }
        });
        onClick(stop, new Runnable() {
            @Override
            public void run() {
                measuring.stop();
            }
        });
        onClick(save, new Runnable() {
            @Override
            public void run() {
                measuring.saveAgain();
            }
        });
    }

    /** Shows the buttons of a measurement. */
    protected final void showButtons(
            int start, boolean canStart, int stop, boolean isRunning, int save, boolean canSave) {
        view.findViewById(start).setEnabled(canStart);
        view.findViewById(stop).setEnabled(isRunning);
        view.findViewById(save).setVisibility(canSave ? View.VISIBLE : View.GONE);
    }

    /** Shows a text; null takes no room. */
    protected static void show(TextView view, String text) {
        view.setVisibility(text == null ? View.GONE : View.VISIBLE);
        if (text != null && !text.contentEquals(view.getText())) {
            view.setText(text);
        }
    }
}
