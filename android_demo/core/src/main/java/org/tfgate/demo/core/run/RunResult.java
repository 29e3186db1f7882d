package org.tfgate.demo.core.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.core.device.ThermalStatus;

/** What became of a plan, finished or not; immutable. */
public final class RunResult {
    private final RunPlan plan;
    private final List<ConfigurationResult> results;
    private final List<EngineStart> starts;
    private final StopReason reason;
    private final long elapsedNanos;
    private final long thermalWaitNanos;
    private final ThermalStatus highestThermalStatus;

    RunResult(
            RunPlan plan, List<ConfigurationResult> results, List<EngineStart> starts,
            StopReason reason, long elapsedNanos, long thermalWaitNanos,
            ThermalStatus highestThermalStatus) {
        this.plan = plan;
        this.results = Collections.unmodifiableList(new ArrayList<ConfigurationResult>(results));
        this.starts = Collections.unmodifiableList(new ArrayList<EngineStart>(starts));
        this.reason = reason;
        this.elapsedNanos = elapsedNanos;
        this.thermalWaitNanos = thermalWaitNanos;
        this.highestThermalStatus = highestThermalStatus;
    }

    /** What was planned. */
    public RunPlan plan() {
        return plan;
    }

    /** One for each configuration of the plan, in its order. */
    public List<ConfigurationResult> results() {
        return results;
    }

    /** What it took to make the models ready, for each pair of a model and options that ran. */
    public List<EngineStart> starts() {
        return starts;
    }

    /** Why it ended. */
    public StopReason reason() {
        return reason;
    }

    /** Nanoseconds that all took. */
    public long elapsedNanos() {
        return elapsedNanos;
    }

    /** Nanoseconds of waiting for the device to cool down. */
    public long thermalWaitNanos() {
        return thermalWaitNanos;
    }

    /** The highest status that was seen between runs. */
    public ThermalStatus highestThermalStatus() {
        return highestThermalStatus;
    }
}
