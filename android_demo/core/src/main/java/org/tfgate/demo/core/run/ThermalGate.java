package org.tfgate.demo.core.run;

import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.device.ThermalStatus;

/** How hot a device may be that is measured, and how long to wait for it to cool; immutable. */
public final class ThermalGate {
    private final ThermalStatus limit;
    private final long maximumWaitNanos;
    private final long pollNanos;

    /**
     * @param limit the highest status at which runs are made.
     * @param maximumWaitNanos how long a plan waits in all, in nanoseconds, at least 0.
     * @param pollNanos how often to look at the status meanwhile, in nanoseconds, at least 1.
     * @throws IllegalArgumentException a value is out of its range.
     */
    public ThermalGate(ThermalStatus limit, long maximumWaitNanos, long pollNanos) {
        this.limit = limit;
        this.maximumWaitNanos = Checks.atLeast(0L, maximumWaitNanos, "maximumWaitNanos");
        this.pollNanos = Checks.atLeast(1L, pollNanos, "pollNanos");
    }

    /** A gate that never waits. */
    public static ThermalGate open() {
        return new ThermalGate(ThermalStatus.SHUTDOWN, 0, 1);
    }

    /** The highest status at which runs are made. */
    public ThermalStatus limit() {
        return limit;
    }

    /** How long a plan waits in all, in nanoseconds. */
    public long maximumWaitNanos() {
        return maximumWaitNanos;
    }

    /** How often to look at the status meanwhile, in nanoseconds. */
    public long pollNanos() {
        return pollNanos;
    }

    /** Whether runs may be made at a status. */
    public boolean lets(ThermalStatus status) {
        return status.compareTo(limit) <= 0;
    }
}
