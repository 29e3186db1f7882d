package org.tfgate.demo.app.bench;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.tfgate.demo.core.device.DeviceFacts;
import org.tfgate.demo.core.device.DeviceState;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.result.BenchmarkResult;
import org.tfgate.demo.core.result.ResultDocument;
import org.tfgate.demo.core.result.RunTable;
import org.tfgate.demo.core.run.BenchmarkRunner;
import org.tfgate.demo.core.run.Measurement;
import org.tfgate.demo.core.run.Progress;
import org.tfgate.demo.core.run.RunListener;
import org.tfgate.demo.core.run.RunResult;
import org.tfgate.demo.core.run.StopReason;
import org.tfgate.demo.core.run.StopSignal;
import org.tfgate.demo.core.run.ThermalSource;

/**
 * A run on a thread of its own, from the first model that is loaded to the result's files. It knows
 * no screen: a screen that is made anew after a rotation takes the run over from the one before and
 * sets itself as the listener. Methods may be called by any thread.
 */
public final class BenchRun {
    /** Hears of a run, on the thread that draws. */
    public interface Listener {
        /**
         * Something changed since the last call: rarely, so that drawing disturbs no measurement.
         *
         * @param progress how far it is; null before the first news.
         */
        void onProgress(BenchRun run, Progress progress);

        /** It is over. Called once for each listener. */
        void onEnd(BenchRun run, BenchOutcome outcome);
    }

    // Two runs at a time would measure one another.
    private static final Semaphore SLOT = new Semaphore(1);
    private static final long SLOT_SECONDS = 10;
    private static final long STATUS_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final double OUTLIER = 3.0;

    private final JobSource source;
    private final BenchServices services;
    private final long newsNanos;
    private final StopSignal stop = new StopSignal();
    private final Object lock = new Object();
    private final List<List<Measurement>> measurements = new ArrayList<List<Measurement>>();
    private final Map<Integer, String> failures = new TreeMap<Integer, String>();
    private BenchJob job;
    private Listener listener;
    private Progress progress;
    private BenchOutcome outcome;
    private boolean started;
    private String stopReason;
    private long lastNews;

    /**
     * @param source prepares what is measured.
     * @param newsMillis how often the listener hears of progress at most, in milliseconds, at
     *     least 0.
     */
    public BenchRun(JobSource source, BenchServices services, long newsMillis) {
        this.source = source;
        this.services = services;
        newsNanos = TimeUnit.MILLISECONDS.toNanos(newsMillis);
    }

    /** What is measured; null before models are read and pictures are decoded. */
    public BenchJob job() {
        synchronized (lock) {
            return job;
        }
    }

    /**
     * Starts it.
     *
     * @throws IllegalStateException it was started before.
     */
    public void start() {
        synchronized (lock) {
            if (started) {
                throw new IllegalStateException("Expected a run that was not started before.");
            }
            started = true;
        }
        new Thread("bench") {
            @Override
            public void run() {
                services.platform.prioritize();
                end(measure());
            }
        }.start();
    }

    /**
     * Ends it after the inference that is running; what was measured is kept and written.
     *
     * @param reason why, for the result and for people, such as "the screen was left".
     */
    public void stop(String reason) {
        synchronized (lock) {
            if (stopReason == null) {
                stopReason = reason;
            }
        }
        stop.stop();
    }

    /** Sets who hears of it from now on; null for nobody. The newest state is told at once. */
    public void setListener(Listener value) {
        synchronized (lock) {
            listener = value;
        }
        tell();
    }

    /** How far it is; null before the first news. */
    public Progress progress() {
        synchronized (lock) {
            return progress;
        }
    }

    /** What became of it; null while it is running. */
    public BenchOutcome outcome() {
        synchronized (lock) {
            return outcome;
        }
    }

    /**
     * The measured runs so far.
     *
     * @param configuration its number in the plan of {@link #job}.
     */
    public List<Measurement> measurements(int configuration) {
        synchronized (lock) {
            return new ArrayList<Measurement>(measurements.get(configuration));
        }
    }

    /** Why configurations can't be run, by their number in the plan. */
    public Map<Integer, String> failures() {
        synchronized (lock) {
            return Collections.unmodifiableMap(new TreeMap<Integer, String>(failures));
        }
    }

    private BenchOutcome measure() {
        boolean mine = false;
        try {
            mine = SLOT.tryAcquire(SLOT_SECONDS, TimeUnit.SECONDS);
            return mine
                    ? measureAlone(prepared())
                    : failed("Expected no other run, got one going on.");
        } catch (InterruptedException interrupted) {
            return failed("Interrupted before the first run.");
        } catch (BenchException error) {
            return failed(error.getMessage());
        } catch (EngineException error) {
            return failed(error.getMessage());
        } catch (RuntimeException error) {
            return failed("Expected no error of the app itself, got " + error);
        } catch (OutOfMemoryError error) {
            return failed("Expected memory for the run, got none left.");
        } finally {
            if (mine) {
                SLOT.release();
            }
        }
    }

    private BenchJob prepared() throws BenchException {
        BenchJob prepared = source.prepare();
        synchronized (lock) {
            for (int i = 0; i < prepared.plan().configurations().size(); i++) {
                measurements.add(new ArrayList<Measurement>());
            }
            job = prepared;
        }
        tell();
        return prepared;
    }

    private BenchOutcome measureAlone(BenchJob job) throws EngineException {
        DeviceFacts facts =
                services.device.facts(job.plan().configurations().get(0).options().xnnpack());
        DeviceState before = services.device.state();
        long date = services.platform.dateMillis();
        ThermalSource thermal =
                new RareThermalSource(services.thermal, services.clock, STATUS_NANOS);
        RunResult run =
                new BenchmarkRunner(services.engines, job.images(), thermal, services.clock)
                        .run(job.plan(), stop, new Notes());
        DeviceState after = services.device.state();
        String failure = failure(job, run);
        if (measured(run) == 0) {
            return failed(failure);
        }
        BenchmarkResult result =
                BenchmarkResult.builder(run, job.models())
                        .device(facts, before, after)
                        .dataset(job.dataset())
                        .dateMillis(date)
                        .notes(job.notes())
                        .build();
        return written(job, result, failure);
    }

    private BenchOutcome written(BenchJob job, BenchmarkResult result, String failure) {
        if (job.resultName() == null) {
            return new BenchOutcome(result, null, null, failure);
        }
        File json = null;
        String unwritten;
        try {
            json =
                    services.results.write(
                            job.resultName(), ResultFolder.JSON, ResultDocument.write(result));
            File csv =
                    services.results.write(
                            job.resultName(), ResultFolder.CSV, RunTable.write(result, OUTLIER));
            return new BenchOutcome(result, json, csv, failure);
        } catch (IOException error) {
            unwritten = error.getMessage();
        } catch (OutOfMemoryError error) {
            unwritten = "Expected memory to write the result, got none left.";
        }
        return new BenchOutcome(
                result, json, null, failure == null ? unwritten : failure + "; " + unwritten);
    }

    private String failure(BenchJob job, RunResult run) {
        for (Map.Entry<Integer, String> each : failures().entrySet()) {
            return job.plan().configurations().get(each.getKey()) + ": " + each.getValue();
        }
        if (run.reason() == StopReason.COMPLETED) {
            return null;
        }
        String why;
        synchronized (lock) {
            why = run.reason() == StopReason.STOPPED ? stopReason : description(run.reason());
        }
        return "ended early after " + measured(run) + " of " + job.plan().totalRuns()
                + " runs: " + why;
    }

    private static String description(StopReason reason) {
        switch (reason) {
            case TIME_LIMIT:
                return "its time was used up";
            case TOO_HOT:
                return "the device stayed too hot";
            default:
                return "no configuration could be run";
        }
    }

    private static int measured(RunResult run) {
        int measured = 0;
        for (int i = 0; i < run.results().size(); i++) {
            measured += run.results().get(i).measurements().size();
        }
        return measured;
    }

    private static BenchOutcome failed(String message) {
        return new BenchOutcome(null, null, null, message);
    }

    private void end(BenchOutcome ended) {
        synchronized (lock) {
            outcome = ended;
        }
        tell();
    }

    /** Tells the listener the newest state, on its thread. */
    private void tell() {
        final Listener now;
        synchronized (lock) {
            now = listener;
        }
        if (now == null) {
            return;
        }
        services.platform.post(new Runnable() {
            @Override
            public void run() {
                tell(now);
            }
        });
    }

    private void tell(Listener addressee) {
        Progress newest;
        BenchOutcome ended;
        synchronized (lock) {
            if (addressee != listener) {
                return; // Another screen has taken over.
            }
            newest = progress;
            ended = outcome;
            if (ended != null) {
                listener = null;
            }
        }
        addressee.onProgress(this, newest);
        if (ended != null) {
            addressee.onEnd(this, ended);
        }
    }

    /** Keeps what the runner tells. */
    private final class Notes implements RunListener {
        @Override
        public void onProgress(Progress now) {
            boolean news;
            synchronized (lock) {
                news = progress == null || progress.phase() != now.phase()
                        || now.elapsedNanos() - lastNews >= newsNanos;
                progress = now;
                lastNews = news ? now.elapsedNanos() : lastNews;
            }
            if (news) {
                tell();
            }
        }

        @Override
        public void onMeasurement(int configuration, Measurement measurement) {
            synchronized (lock) {
                measurements.get(configuration).add(measurement);
            }
        }

        @Override
        public void onFailure(int configuration, String message) {
            synchronized (lock) {
                failures.put(configuration, message);
            }
            tell();
        }
    }
}
