package org.tfgate.demo.core.run;

/** Asks a run to end: a call comes in, the screen closes. May be used by any thread. */
public final class StopSignal {
    private volatile boolean stopped;

    /** Asks to end after the inference that is running. */
    public void stop() {
        stopped = true;
    }

    /** Whether {@link #stop} was called. */
    public boolean isStopped() {
        return stopped;
    }
}
