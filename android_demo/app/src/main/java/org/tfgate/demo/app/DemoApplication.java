package org.tfgate.demo.app;

import android.app.Application;

/** Holds what outlives activities. */
public final class DemoApplication extends Application {
    private AppParts parts;

    /** The parts, made when first asked for: a command without a screen needs none. */
    public AppParts parts() {
        if (parts == null) {
            parts = new AppParts(this);
        }
        return parts;
    }
}
