package org.tfgate.demo.app.bench;

/** What a run asks of the system it runs on. */
public interface BenchPlatform {
    /** Runs a task on the thread that draws. */
    void post(Runnable task);

    /** Makes the calling thread, and those it starts, more important than others. */
    void prioritize();

    /** Milliseconds since 1970 in UTC. */
    long dateMillis();
}
