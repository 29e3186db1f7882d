package org.tfgate.demo.core.run;

/**
 * Hears how far a run is, between inferences, on the thread that makes them. What it does takes no
 * measured time, but keep it short: post to the screen's thread, and draw rarely.
 */
public interface RunListener {
    /** Something else is done now, or a round has ended. */
    void onProgress(Progress progress);

    /**
     * A run was measured.
     *
     * @param configuration its number in the plan.
     */
    void onMeasurement(int configuration, Measurement measurement);

    /**
     * A configuration can't be run; the others go on.
     *
     * @param configuration its number in the plan.
     * @param message one line, for people.
     */
    void onFailure(int configuration, String message);
}
