package org.tfgate.demo.core.run;

/**
 * Runs plans. A run that is stopped, or whose configurations fail one after the other, gives what
 * was finished till then.
 */
public final class BenchmarkRunner {
    private final EngineSource engines;
    private final ImageSource images;
    private final ThermalSource thermal;
    private final Clock clock;

    /**
     * @param engines gives an engine for each pair of a model and options.
     * @param images gives the images.
     * @param thermal tells the device's thermal status.
     * @param clock counts limits, warm-up, pauses and waiting; engines time the runs.
     */
    public BenchmarkRunner(
            EngineSource engines, ImageSource images, ThermalSource thermal, Clock clock) {
        this.engines = engines;
        this.images = images;
        this.thermal = thermal;
        this.clock = clock;
    }

    /**
     * Runs a plan, on the calling thread.
     *
     * @param stop asks to end early. So does an interruption of the thread, which stays
     *     interrupted.
     * @param listener hears how far it is.
     * @return what was measured; never null.
     */
    public RunResult run(RunPlan plan, StopSignal stop, RunListener listener) {
        Pacer pacer = new Pacer(plan, thermal, clock, stop);
        Session session = new Session(plan, engines, images, pacer, listener);
        StopReason reason;
        try {
            session.run();
            reason = StopReason.COMPLETED;
        } catch (RunEnded ended) {
            reason = ended.reason();
        } finally {
            session.close();
        }
        return new RunResult(
                plan,
                session.results(),
                session.starts(),
                reason,
                pacer.elapsedNanos(),
                pacer.thermalWaitNanos(),
                pacer.highestThermalStatus());
    }
}
