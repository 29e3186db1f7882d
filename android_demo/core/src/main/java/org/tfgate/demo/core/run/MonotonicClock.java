package org.tfgate.demo.core.run;

import java.util.concurrent.TimeUnit;

/** The clock of the virtual machine, which no change of the date moves. */
public final class MonotonicClock implements Clock {
    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public void sleep(long nanos) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(nanos);
    }
}
