package org.tfgate.demo.app.screen;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.tfgate.demo.app.bench.BenchPlatform;

/** Tasks that wait until the test, which is the thread that draws, runs them. */
public final class QueuedTasks implements Tasks, BenchPlatform {
    private static final long PATIENCE_SECONDS = 20;

    private final BlockingQueue<Runnable> queue = new LinkedBlockingQueue<Runnable>();

    /** Number of tasks that wait. */
    public int waiting() {
        return queue.size();
    }

    /** Runs what waits, and what is added meanwhile. */
    public void runAll() {
        for (Runnable task = queue.poll(); task != null; task = queue.poll()) {
            task.run();
        }
    }

    /** Runs one task; waits for it, for another thread may bring it. */
    public void runOne() throws InterruptedException {
        Runnable task = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (task == null) {
            throw new AssertionError("no task came");
        }
        task.run();
    }

    @Override
    public void background(Runnable task) {
        queue.add(task);
    }

    @Override
    public void alone(Runnable task) {
        queue.add(task);
    }

    @Override
    public void screen(Runnable task) {
        queue.add(task);
    }

    @Override
    public void screenAndWait(Runnable task) {
        task.run();
    }

    @Override
    public void post(Runnable task) {
        queue.add(task);
    }

    @Override
    public void prioritize() {}

    @Override
    public long dateMillis() {
        return 1795867200000L;
    }
}
