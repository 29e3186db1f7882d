package org.tfgate.demo.app.screen;

import java.util.ArrayList;
import java.util.List;

/**
 * Whether a measurement is going on: nothing else may run models then. Used by the thread that
 * draws alone.
 */
public final class Occupation {
    /** Hears when a measurement begins or ends. */
    public interface Listener {
        /** It began or ended. */
        void onOccupationChanged();
    }

    private final List<Listener> listeners = new ArrayList<Listener>();
    private Object owner;

    /** Adds someone who hears of changes from now on. */
    public void add(Listener listener) {
        listeners.add(listener);
    }

    /** Removes someone who was added. */
    public void remove(Listener listener) {
        listeners.remove(listener);
    }

    /** Begins a measurement; whether none was going on. */
    public boolean take(Object who) {
        if (owner != null) {
            return false;
        }
        owner = who;
        tell();
        return true;
    }

    /** Ends a measurement, if it is this one's. */
    public void release(Object who) {
        if (owner == who) {
            owner = null;
            tell();
        }
    }

    /** Whether nobody measures. */
    public boolean isFree() {
        return owner == null;
    }

    /** Whether someone else measures. */
    public boolean isOthers(Object who) {
        return owner != null && owner != who;
    }

    private void tell() {
        for (Listener listener : new ArrayList<Listener>(listeners)) {
            listener.onOccupationChanged();
        }
    }
}
