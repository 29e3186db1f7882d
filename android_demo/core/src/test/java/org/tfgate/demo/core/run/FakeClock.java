package org.tfgate.demo.core.run;

/** Time that passes when a test says so. */
public final class FakeClock implements Clock {
    private long nanos = 1000000007L;
    private long slept;
    private long stopAfter = Long.MAX_VALUE;
    private StopSignal stop;

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public void sleep(long duration) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        nanos += duration;
        slept += duration;
        if (slept >= stopAfter) {
            stop.stop();
        }
    }

    /** Someone stops the run after so much sleep. */
    void stopAt(long nanos, StopSignal signal) {
        stopAfter = nanos;
        stop = signal;
    }

    public void pass(long duration) {
        nanos += duration;
    }

    public long slept() {
        return slept;
    }
}
