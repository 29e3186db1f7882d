package org.tfgate.demo.core.run;

import org.tfgate.demo.core.device.ThermalStatus;

/** When a run may go on, has to wait, and has to end. */
final class Pacer {
    // A stop is heard this soon, even in a long pause.
    private static final long LONGEST_SLEEP_NANOS = 50000000L;

    private final RunPlan plan;
    private final ThermalSource thermal;
    private final Clock clock;
    private final StopSignal stop;
    private final long start;
    private long thermalWaitNanos;
    private ThermalStatus status;
    private ThermalStatus highest;

    Pacer(RunPlan plan, ThermalSource thermal, Clock clock, StopSignal stop) {
        this.plan = plan;
        this.thermal = thermal;
        this.clock = clock;
        this.stop = stop;
        start = clock.nanos();
        highest = ThermalStatus.NONE;
        look();
    }

    long elapsedNanos() {
        return clock.nanos() - start;
    }

    long thermalWaitNanos() {
        return thermalWaitNanos;
    }

    ThermalStatus status() {
        return status;
    }

    ThermalStatus highestThermalStatus() {
        return highest;
    }

    /** Looks at the thermal status; whether runs may be made. */
    boolean isCoolEnough() {
        look();
        return plan.thermalGate().lets(status);
    }

    /** Before every inference: ends the run if it was stopped or its time is used up. */
    void check() throws RunEnded {
        if (stop.isStopped() || Thread.currentThread().isInterrupted()) {
            throw new RunEnded(StopReason.STOPPED);
        }
        if (elapsedNanos() >= plan.timeLimitNanos()) {
            throw new RunEnded(StopReason.TIME_LIMIT);
        }
    }

    /** Waits until the device is cool enough. */
    void cool() throws RunEnded {
        ThermalGate gate = plan.thermalGate();
        while (!isCoolEnough()) {
            long left = gate.maximumWaitNanos() - thermalWaitNanos;
            if (left <= 0) {
                throw new RunEnded(StopReason.TOO_HOT);
            }
            long before = clock.nanos();
            try {
                pause(Math.min(left, gate.pollNanos()));
            } finally {
                thermalWaitNanos += clock.nanos() - before;
            }
        }
    }

    /** Waits for so many nanoseconds. */
    void pause(long nanos) throws RunEnded {
        long end = clock.nanos() + nanos;
        check();
        for (long left = nanos; left > 0; left = end - clock.nanos()) {
            try {
                clock.sleep(Math.min(left, LONGEST_SLEEP_NANOS));
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            check();
        }
    }

    private void look() {
        status = thermal.status();
        if (status.compareTo(highest) > 0) {
            highest = status;
        }
    }
}
