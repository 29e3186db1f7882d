package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertEquals;

import org.junit.Test;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.run.Clock;
import org.tfgate.demo.core.run.ThermalSource;

public final class RareThermalSourceTest implements ThermalSource, Clock {
    private final RareThermalSource source = new RareThermalSource(this, this, 250);
    private long now = 1000;
    private int asked;

    @Override
    public ThermalStatus status() {
        asked++;
        return ThermalStatus.of(asked);
    }

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public void sleep(long nanos) {
        now += nanos;
    }

    @Test
    public void anAnswerHoldsForAMoment() {
        assertEquals(ThermalStatus.LIGHT, source.status());
        sleep(249);
        assertEquals(ThermalStatus.LIGHT, source.status());
        sleep(1);
        assertEquals(ThermalStatus.MODERATE, source.status());
        assertEquals(ThermalStatus.MODERATE, source.status());
        sleep(1000);
        assertEquals(ThermalStatus.SEVERE, source.status());
        assertEquals(3, asked);
    }
}
