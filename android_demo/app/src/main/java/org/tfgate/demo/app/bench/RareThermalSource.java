package org.tfgate.demo.app.bench;

import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.run.Clock;
import org.tfgate.demo.core.run.ThermalSource;

/**
 * Remembers the thermal status for a moment: a run asks before every inference, and Android, which
 * answers from another process, takes its time. Used by one thread.
 */
final class RareThermalSource implements ThermalSource {
    private final ThermalSource source;
    private final Clock clock;
    private final long nanos;
    private ThermalStatus status;
    private long asked;

    /**
     * @param nanos how long an answer holds, in nanoseconds.
     */
    RareThermalSource(ThermalSource source, Clock clock, long nanos) {
        this.source = source;
        this.clock = clock;
        this.nanos = nanos;
    }

    @Override
    public ThermalStatus status() {
        long now = clock.nanos();
        if (status == null || now - asked >= nanos) {
            status = source.status();
            asked = now;
        }
        return status;
    }
}
