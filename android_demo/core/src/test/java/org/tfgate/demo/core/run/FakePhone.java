package org.tfgate.demo.core.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;

/** Engines, images, a thermal status and a clock; notes what it hears. */
public final class FakePhone
        implements EngineSource, ImageSource, ThermalSource, RunListener {
    public final FakeClock clock = new FakeClock();
    final Map<String, FakeEngine> engines = new HashMap<String, FakeEngine>();
    final List<String> order = new ArrayList<String>();
    final List<Progress> progress = new ArrayList<Progress>();
    final List<String> failures = new ArrayList<String>();
    final StopSignal stop = new StopSignal();
    int opened;
    int stopAfter = Integer.MAX_VALUE;
    int brokenImage = -1;
    private ThermalStatus status = ThermalStatus.NONE;
    private long coolAt = Long.MAX_VALUE;
    private int measured;

    public void add(String model, float[] probabilities, String... inputs) {
        engines.put(model, new FakeEngine(clock, probabilities, inputs));
    }

    /** Hot for so many nanoseconds from now on. */
    void heat(ThermalStatus hot, long nanos) {
        status = hot;
        coolAt = nanos == Long.MAX_VALUE ? nanos : clock.nanos() + nanos;
    }

    public RunResult run(RunPlan plan) {
        return new BenchmarkRunner(this, this, this, clock).run(plan, stop, this);
    }

    /** A run on a phone that is too hot for so many nanoseconds. */
    public RunResult hotRun(RunPlan.Builder plan, ThermalStatus hot, long nanos) {
        heat(hot, nanos);
        return run(plan.thermalGate(new ThermalGate(ThermalStatus.NONE, nanos, nanos)).build());
    }

    @Override
    public InferenceEngine open(String model, EngineOptions options) throws EngineException {
        FakeEngine engine = engines.get(model);
        if (engine == null) {
            throw new EngineException("no model " + model);
        }
        opened++;
        return engine;
    }

    @Override
    public float[] image(String model, int index) throws IOException {
        if (index == brokenImage) {
            throw new IOException("picture " + index + " does not decode");
        }
        return new float[] {index, 0.0f};
    }

    @Override
    public ThermalStatus status() {
        return clock.nanos() >= coolAt ? ThermalStatus.NONE : status;
    }

    @Override
    public void onProgress(Progress now) {
        progress.add(now);
    }

    @Override
    public void onMeasurement(int configuration, Measurement measurement) {
        order.add(configuration + ":" + measurement.image());
        if (++measured == stopAfter) {
            stop.stop();
        }
    }

    @Override
    public void onFailure(int configuration, String message) {
        failures.add(configuration + ": " + message);
    }
}
