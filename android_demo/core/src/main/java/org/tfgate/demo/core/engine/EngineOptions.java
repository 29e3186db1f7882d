package org.tfgate.demo.core.engine;

import org.tfgate.demo.core.Checks;

/** How an engine runs a model; immutable. */
public final class EngineOptions {
    private final String signature;
    private final int threads;
    private final boolean xnnpack;

    /**
     * @param signature name of the file's signature that is run.
     * @param threads number of threads, at least 1.
     * @param xnnpack whether XNNPACK runs what it can.
     * @throws IllegalArgumentException a value is out of its range.
     */
    public EngineOptions(String signature, int threads, boolean xnnpack) {
        this.signature = Checks.notEmpty(signature, "signature");
        this.threads = Checks.atLeast(1, threads, "threads");
        this.xnnpack = xnnpack;
    }

    /** Name of the file's signature that is run. */
    public String signature() {
        return signature;
    }

    /** Number of threads, at least 1. */
    public int threads() {
        return threads;
    }

    /** Whether XNNPACK runs what it can. */
    public boolean xnnpack() {
        return xnnpack;
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof EngineOptions)) {
            return false;
        }
        EngineOptions options = (EngineOptions) other;
        return signature.equals(options.signature)
                && threads == options.threads
                && xnnpack == options.xnnpack;
    }

    @Override
    public int hashCode() {
        return 31 * (31 * signature.hashCode() + threads) + (xnnpack ? 1 : 0);
    }

    @Override
    public String toString() {
        return signature + ", " + threads + (threads == 1 ? " thread" : " threads")
                + (xnnpack ? ", XNNPACK" : "");
    }
}
