package org.tfgate.demo.app.screen;

/** What a slider for τ or u shows; immutable. */
public final class Slider {
    /** Steps from 0 to 1. */
    public static final int STEPS = 100;

    private final int progress;
    private final boolean enabled;
    private final String label;
    private final String reason;

    /**
     * @param progress from 0 to {@link #STEPS}.
     * @param label with the value, such as "Threshold τ: 0.50".
     * @param reason why it is disabled; null if it is enabled.
     */
    public Slider(int progress, String label, String reason) {
        this.progress = progress;
        enabled = reason == null;
        this.label = label;
        this.reason = reason;
    }

    /** From 0 to {@link #STEPS}. */
    public int progress() {
        return progress;
    }

    /** Whether it can be moved. */
    public boolean isEnabled() {
        return enabled;
    }

    /** With the value. */
    public String label() {
        return label;
    }

    /** Why it is disabled; null if it is enabled. */
    public String reason() {
        return reason;
    }
}
