package org.tfgate.demo.app.screen;

import org.tfgate.demo.R;
import org.tfgate.demo.core.metadata.ModelMetadata;

/** The sliders of a model: a model that lacks the input has one that is disabled and says why. */
public final class Sliders {
    private Sliders() {}

    /**
     * The slider for τ.
     *
     * @param metadata of the model; null for none.
     * @param value in [0, 1].
     */
    public static Slider tau(ModelMetadata metadata, double value, Texts texts) {
        Formats formats = new Formats(texts);
        double shown = metadata != null && !metadata.hasTauInput() && metadata.tau() != null
                ? metadata.tau()
                : value;
        return new Slider(
                progress(shown), texts.get(R.string.tau_value, formats.setting(shown)),
                tauReason(metadata, texts, formats));
    }

    /** The slider for u; see {@link #tau}. */
    public static Slider u(ModelMetadata metadata, double value, Texts texts) {
        return new Slider(
                progress(value),
                texts.get(R.string.u_value, new Formats(texts).setting(value)),
                uReason(metadata, texts));
    }

    /** The setting at a slider's place, in [0, 1]. */
    public static double setting(int progress) {
        return Math.max(0, Math.min(Slider.STEPS, progress)) / (double) Slider.STEPS;
    }

    /** A slider's place. */
    public static int progress(double setting) {
        return (int) Math.round(setting * Slider.STEPS);
    }

    private static String tauReason(ModelMetadata metadata, Texts texts, Formats formats) {
        if (metadata == null) {
            return texts.get(R.string.slider_no_model);
        }
        if (metadata.hasTauInput()) {
            return null;
        }
        if (metadata.gates().isEmpty()) {
            return texts.get(R.string.slider_no_gates);
        }
        if (metadata.tau() != null) {
            return texts.get(R.string.slider_tau_fixed, formats.setting(metadata.tau()));
        }
        return texts.get(R.string.slider_no_tau);
    }

    private static String uReason(ModelMetadata metadata, Texts texts) {
        if (metadata == null) {
            return texts.get(R.string.slider_no_model);
        }
        if (metadata.hasUInput()) {
            return null;
        }
        return texts.get(
                metadata.gates().isEmpty() ? R.string.slider_no_gates : R.string.slider_no_u);
    }
}
