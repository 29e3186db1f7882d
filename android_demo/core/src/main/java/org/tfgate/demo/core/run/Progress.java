package org.tfgate.demo.core.run;

import org.tfgate.demo.core.device.ThermalStatus;

/** How far a run is; immutable. */
public final class Progress {
    /** What is done at the moment. */
    public enum Phase {
        /** Models are loaded. */
        LOADING,
        /** A configuration is run without measuring it. */
        WARMUP,
        /** Runs are measured. */
        MEASURING,
        /** The plan's pause. */
        PAUSE,
        /** The device is too hot. */
        COOLING
    }

    private final Phase phase;
    private final int finishedRuns;
    private final int totalRuns;
    private final long elapsedNanos;
    private final ThermalStatus thermalStatus;

    Progress(
            Phase phase, int finishedRuns, int totalRuns, long elapsedNanos,
            ThermalStatus thermalStatus) {
        this.phase = phase;
        this.finishedRuns = finishedRuns;
        this.totalRuns = totalRuns;
        this.elapsedNanos = elapsedNanos;
        this.thermalStatus = thermalStatus;
    }

    /** What is done now. */
    public Phase phase() {
        return phase;
    }

    /** Number of measured runs so far. */
    public int finishedRuns() {
        return finishedRuns;
    }

    /** Number of measured runs of the plan; fewer are made if a configuration fails. */
    public int totalRuns() {
        return totalRuns;
    }

    /** Nanoseconds since the start. */
    public long elapsedNanos() {
        return elapsedNanos;
    }

    /** The device's thermal status. */
    public ThermalStatus thermalStatus() {
        return thermalStatus;
    }
}
