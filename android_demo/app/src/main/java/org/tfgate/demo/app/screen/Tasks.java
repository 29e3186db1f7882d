package org.tfgate.demo.app.screen;

/** Where work is done. */
public interface Tasks {
    /** Runs a task on the one thread that may wait and runs models; tasks run in their order. */
    void background(Runnable task);

    /** Runs a task on a thread of its own. */
    void alone(Runnable task);

    /** Runs a task on the thread that draws. */
    void screen(Runnable task);

    /**
     * Runs a task on the thread that draws, and waits until what it changed is on the screen, so
     * that drawing and inference never overlap. Not to be called by that thread.
     */
    void screenAndWait(Runnable task);
}
