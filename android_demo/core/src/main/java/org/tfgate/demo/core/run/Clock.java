package org.tfgate.demo.core.run;

/** Time that passes; a test has one of its own. */
public interface Clock {
    /** Nanoseconds since any moment; never goes back. */
    long nanos();

    /**
     * Waits.
     *
     * @param nanos for so many nanoseconds, at least 0.
     * @throws InterruptedException the thread was interrupted meanwhile.
     */
    void sleep(long nanos) throws InterruptedException;
}
