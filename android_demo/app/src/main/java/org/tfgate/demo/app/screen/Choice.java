package org.tfgate.demo.app.screen;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A list to choose from; immutable. */
public final class Choice {
    private final List<String> labels;
    private final int selected;
    private final boolean enabled;

    /**
     * @param labels what can be chosen, in words.
     * @param selected number of what is chosen; -1 for nothing.
     * @param enabled whether another can be chosen now.
     */
    public Choice(List<String> labels, int selected, boolean enabled) {
        this.labels = Collections.unmodifiableList(new ArrayList<String>(labels));
        this.selected = selected;
        this.enabled = enabled;
    }

    /** What can be chosen, in words. */
    public List<String> labels() {
        return labels;
    }

    /** Number of what is chosen; -1 for nothing. */
    public int selected() {
        return selected;
    }

    /** Whether another can be chosen now. */
    public boolean isEnabled() {
        return enabled;
    }
}
