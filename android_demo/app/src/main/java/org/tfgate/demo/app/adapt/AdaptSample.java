package org.tfgate.demo.app.adapt;

import org.tfgate.demo.core.device.ThermalStatus;

/** What happened in a short piece of time; immutable. */
final class AdaptSample {
    final double seconds;
    final int runs;
    final double milliseconds;
    final double u;
    final ThermalStatus status;
    final Double executedMacs;

    /**
     * @param seconds when it ended, since the start.
     * @param runs inferences in it, at least 1.
     * @param milliseconds their median latency.
     * @param u the controller's output at its end.
     * @param status thermal status at its end.
     * @param executedMacs mean per image; null if not known.
     */
    AdaptSample(
            double seconds, int runs, double milliseconds, double u, ThermalStatus status,
            Double executedMacs) {
        this.seconds = seconds;
        this.runs = runs;
        this.milliseconds = milliseconds;
        this.u = u;
        this.status = status;
        this.executedMacs = executedMacs;
    }
}
