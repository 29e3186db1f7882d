package org.tfgate.demo.app.screen;

import android.widget.SeekBar;
import android.widget.TextView;

/** A {@link Slider} with its label, and the reason why it is disabled. */
public final class SliderView {
    /** Hears what a person does. */
    public interface Listener {
        /** It was moved to a place from 0 to {@link Slider#STEPS}. */
        void onMoved(int progress);
    }

    private final SeekBar bar;
    private final TextView label;
    private final TextView reason;

    public SliderView(
            SeekBar bar, TextView label, TextView reason, final Listener listener) {
        this.bar = bar;
        this.label = label;
        this.reason = reason;
        bar.setMax(Slider.STEPS);
        // An activity that is made anew would move it to where it was, over what is chosen now.
        bar.setSaveEnabled(false);
        bar.setOnSeekBarChangeListener(new SeekBar.OnSeekBarChangeListener() {
            @Override
            public void onProgressChanged(SeekBar seekBar, int progress, boolean fromUser) {
                if (fromUser) {
                    listener.onMoved(progress);
                }
            }

            @Override
            public void onStartTrackingTouch(SeekBar seekBar) {}

            @Override
            public void onStopTrackingTouch(SeekBar seekBar) {}
        });
    }

    /** Shows a slider. */
    public void show(Slider slider) {
        if (bar.getProgress() != slider.progress()) {
            bar.setProgress(slider.progress());
        }
        bar.setEnabled(slider.isEnabled());
        bar.setContentDescription(
                slider.reason() == null ? slider.label() : slider.label() + ". " + slider.reason());
        Screen.show(label, slider.label());
        Screen.show(reason, slider.reason());
    }
}
