package org.tfgate.demo.core.run;

import org.tfgate.demo.core.engine.EngineOptions;

/** What it took to make a model ready, once, in the program that measured; immutable. */
public final class EngineStart {
    private final String model;
    private final EngineOptions options;
    private final long loadNanos;
    private final long firstRunNanos;

    EngineStart(String model, EngineOptions options, long loadNanos, long firstRunNanos) {
        this.model = model;
        this.options = options;
        this.loadNanos = loadNanos;
        this.firstRunNanos = firstRunNanos;
    }

    /** The model's name. */
    public String model() {
        return model;
    }

    /** How the engine runs it. */
    public EngineOptions options() {
        return options;
    }

    /** Nanoseconds of loading. */
    public long loadNanos() {
        return loadNanos;
    }

    /** Nanoseconds of the first run. */
    public long firstRunNanos() {
        return firstRunNanos;
    }
}
