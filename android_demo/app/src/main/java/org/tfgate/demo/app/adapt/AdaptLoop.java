package org.tfgate.demo.app.adapt;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.app.bench.BenchException;
import org.tfgate.demo.app.bench.PictureSet;
import org.tfgate.demo.core.control.BudgetController;
import org.tfgate.demo.core.control.ControllerSettings;
import org.tfgate.demo.core.control.LatencyTarget;
import org.tfgate.demo.core.control.Measurements;
import org.tfgate.demo.core.control.ThermalCeilings;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.run.StopSignal;
import org.tfgate.demo.core.statistics.Statistics;

/**
 * Runs a network without pause, and lets the budget controller set u after each run. A network
 * with an input τ instead of u gets τ = 1 - u.
 */
final class AdaptLoop {
    /** Hears what happens, between inferences, on the thread that makes them. */
    interface Listener {
        /** The whole network's latency is known, and so is the target, both in milliseconds. */
        void onTarget(double wholeMilliseconds, double targetMilliseconds);

        /** A piece of time has passed. */
        void onSample(AdaptSample sample);
    }

    private static final double NANOS = 1e9;
    private static final double SAMPLE_SECONDS = 1.0;
    // To ask Android takes longer than a small network runs.
    private static final double STATUS_SECONDS = 0.25;

    // A clock may be too coarse for a small network, and a controller takes no zero.
    private static final double LEAST_MILLISECONDS = 1e-6;
    private static final int REFERENCE_RUNS = 20;
    private static final int MOST_PICTURES = 32;
    private static final int THREADS = 1;

    private final AdaptPlan plan;
    private final AdaptServices services;
    private final StopSignal stop;
    private final Listener listener;
    private final ModelMetadata metadata;
    private final List<Double> latencies = new ArrayList<Double>();
    private double macsSum;
    private boolean knowsMacs = true;
    private InferenceEngine engine;
    private PictureSet pictures;
    private int next;

    AdaptLoop(AdaptPlan plan, AdaptServices services, StopSignal stop, Listener listener) {
        this.plan = plan;
        this.services = services;
        this.stop = stop;
        this.listener = listener;
        metadata = plan.model.metadata();
    }

    /**
     * Runs until the plan's time is over or the signal stops it.
     *
     * @throws EngineException the model can't be loaded or run.
     * @throws BenchException there is no picture that can be used.
     */
    void run() throws EngineException, BenchException {
        String name = plan.model.name();
        pictures =
                PictureSet.load(
                        services.pictures, Collections.singletonMap(name, metadata.input()),
                        MOST_PICTURES, services.pictureBytes);
        EngineOptions options =
                new EngineOptions(metadata.signatures().get(0), THREADS, true);
        engine = services.engines.open(name, options);
        try {
            double whole = wholeMilliseconds();
            if (!stop.isStopped()) {
                double target = whole * plan.targetShare;
                listener.onTarget(whole, target);
                control(target);
            }
        } finally {
            engine.close();
        }
    }

    /** Median latency of the whole network, warm. */
    private double wholeMilliseconds() throws EngineException {
        double[] milliseconds = new double[REFERENCE_RUNS];
        for (int i = 0; i < 2 * REFERENCE_RUNS && !stop.isStopped(); i++) {
            milliseconds[i % REFERENCE_RUNS] = infer(1.0);
        }
        return Math.max(Statistics.of(milliseconds).median(), LEAST_MILLISECONDS);
    }

    private void control(double targetMs) throws EngineException {
        BudgetController controller =
                new BudgetController(
                        ControllerSettings.builder()
                                .latency(new LatencyTarget(targetMs))
                                .thermal(new ThermalCeilings())
                                .initialU(1.0)
                                .build());
        long start = services.clock.nanos();
        double sampleEnd = SAMPLE_SECONDS;
        double nextStatus = 0.0;
        double seconds = 0.0;
        ThermalStatus status = ThermalStatus.NONE;
        begin();
        while (seconds < plan.seconds && !stop.isStopped()) {
            double latency = Math.max(infer(controller.u()), LEAST_MILLISECONDS);
            latencies.add(latency);
            seconds = (services.clock.nanos() - start) / NANOS;
            Measurements measured = Measurements.none().withLatencyMs(latency);
            if (seconds >= nextStatus) {
                status = services.thermal.status();
                measured = measured.withThermalStatus(status);
                nextStatus = seconds + STATUS_SECONDS;
            }
            controller.update(seconds, measured);
            if (seconds >= sampleEnd) {
                sample(seconds, controller.u(), status);
                sampleEnd = seconds + SAMPLE_SECONDS;
            }
        }
        if (!latencies.isEmpty()) {
            sample(seconds, controller.u(), status);
        }
    }

    private void begin() {
        latencies.clear();
        macsSum = 0.0;
        knowsMacs = true;
    }

    private void sample(double seconds, double u, ThermalStatus status) {
        int runs = latencies.size();
        double[] milliseconds = new double[runs];
        for (int i = 0; i < runs; i++) {
            milliseconds[i] = latencies.get(i);
        }
        listener.onSample(
                new AdaptSample(
                        seconds, runs, Statistics.of(milliseconds).median(), u, status,
                        knowsMacs ? Double.valueOf(macsSum / runs) : null));
        begin();
    }

    /** Runs the next picture; milliseconds. */
    private double infer(double u) throws EngineException {
        boolean isU = metadata.dial() == Dial.U;
        float setting = (float) (isU ? u : 1.0 - u);
        engine.setInput(metadata.dial().label(), new float[] {setting});
        engine.setInput(
                InferenceEngine.IMAGES, pictures.image(plan.model.name(), next));
        next = (next + 1) % pictures.size();
        double milliseconds = engine.run() / 1e6;
        boolean tells = engine.outputs().contains(InferenceEngine.DECISIONS);
        Double macs =
                metadata.executedMacs(
                        tells ? engine.output(InferenceEngine.DECISIONS) : null,
                        isU ? Double.valueOf(setting) : null);
        knowsMacs &= macs != null;
        macsSum += macs == null ? 0.0 : macs;
        return milliseconds;
    }
}
