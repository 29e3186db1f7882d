package org.tfgate.demo.app.bench;

/** Prepares a job: reads models, decodes pictures. */
public interface JobSource {
    /**
     * Called once, on the run's own thread.
     *
     * @throws BenchException it can't be done.
     */
    BenchJob prepare() throws BenchException;
}
