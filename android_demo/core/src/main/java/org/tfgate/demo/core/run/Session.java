package org.tfgate.demo.core.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.run.Progress.Phase;

/** One run of a plan: its engines, and what was measured so far. */
final class Session {
    private final RunPlan plan;
    private final EngineSource source;
    private final ImageSource images;
    private final Pacer pacer;
    private final RunListener listener;
    private final List<Turn> turns = new ArrayList<Turn>();
    private final Map<String, Map<EngineOptions, InferenceEngine>> engines =
            new LinkedHashMap<String, Map<EngineOptions, InferenceEngine>>();
    private final List<EngineStart> starts = new ArrayList<EngineStart>();
    private int finishedRuns;

    Session(
            RunPlan plan, EngineSource source, ImageSource images, Pacer pacer,
            RunListener listener) {
        this.plan = plan;
        this.source = source;
        this.images = images;
        this.pacer = pacer;
        this.listener = listener;
        for (Configuration configuration : plan.configurations()) {
            turns.add(new Turn(turns.size(), configuration));
        }
    }

    void run() throws RunEnded {
        load();
        RunSchedule schedule = new RunSchedule(plan);
        while (schedule.next()) {
            if (schedule.isAfterPause() && plan.pauseNanos() > 0) {
                report(Phase.PAUSE);
                pacer.pause(plan.pauseNanos());
            }
            for (int number : schedule.starting()) {
                warmUp(turns.get(number));
            }
            cool();
            report(Phase.MEASURING);
            for (int number : schedule.configurations()) {
                measure(turns.get(number), schedule.image());
            }
        }
        report(Phase.MEASURING);
    }

    List<ConfigurationResult> results() {
        List<ConfigurationResult> results = new ArrayList<ConfigurationResult>();
        for (Turn turn : turns) {
            results.add(
                    new ConfigurationResult(
                            turn.configuration, turn.measurements, turn.failure));
        }
        return results;
    }

    /** Of the engines that ran, once they are closed. */
    List<EngineStart> starts() {
        return starts;
    }

    void close() {
        for (Map.Entry<String, Map<EngineOptions, InferenceEngine>> each : engines.entrySet()) {
            for (Map.Entry<EngineOptions, InferenceEngine> opened : each.getValue().entrySet()) {
                close(each.getKey(), opened.getKey(), opened.getValue());
            }
        }
        engines.clear();
    }

    private void close(String model, EngineOptions options, InferenceEngine engine) {
        if (engine.firstRunNanos() > 0) {
            starts.add(
                    new EngineStart(
                            model, options, engine.loadNanos(), engine.firstRunNanos()));
        }
        engine.close();
    }

    private void load() throws RunEnded {
        for (Turn turn : turns) {
            pacer.check();
            report(Phase.LOADING);
            try {
                turn.engine = engine(turn.configuration);
            } catch (EngineException error) {
                fail(turn, error);
            }
        }
    }

    /** Configurations of one model that differ in the dial's setting alone share an engine. */
    private InferenceEngine engine(Configuration configuration) throws EngineException {
        Map<EngineOptions, InferenceEngine> ofModel = engines.get(configuration.model());
        if (ofModel == null) {
            ofModel = new LinkedHashMap<EngineOptions, InferenceEngine>();
            engines.put(configuration.model(), ofModel);
        }
        InferenceEngine engine = ofModel.get(configuration.options());
        if (engine == null) {
            engine = source.open(configuration.model(), configuration.options());
            ofModel.put(configuration.options(), engine);
        }
        return engine;
    }

    private void warmUp(Turn turn) throws RunEnded {
        if (turn.failure != null) {
            return;
        }
        cool();
        report(Phase.WARMUP);
        long start = pacer.elapsedNanos();
        int runs = 0;
        try {
            while (runs < plan.warmupRuns() || pacer.elapsedNanos() - start < plan.warmupNanos()) {
                pacer.check();
                infer(turn, runs % plan.images());
                runs++;
            }
        } catch (EngineException | IOException error) {
            fail(turn, error);
        }
    }

    private void measure(Turn turn, int image) throws RunEnded {
        if (turn.failure != null) {
            return;
        }
        pacer.check();
        try {
            Measurement measurement = infer(turn, image);
            turn.measurements.add(measurement);
            finishedRuns++;
            listener.onMeasurement(turn.number, measurement);
        } catch (EngineException | IOException error) {
            fail(turn, error);
        }
    }

    private Measurement infer(Turn turn, int image) throws EngineException, IOException {
        Configuration configuration = turn.configuration;
        InferenceEngine engine = turn.engine;
        if (configuration.dial() != null) {
            float[] setting = {configuration.setting().floatValue()};
            engine.setInput(configuration.dial().label(), setting);
        }
        engine.setInput(
                InferenceEngine.IMAGES, images.image(configuration.model(), image));
        long nanos = engine.run();
        boolean tells = engine.outputs().contains(InferenceEngine.DECISIONS);
        return new Measurement(
                image,
                nanos,
                engine.output(InferenceEngine.PREDICTIONS),
                tells ? engine.output(InferenceEngine.DECISIONS) : null);
    }

    private void cool() throws RunEnded {
        if (!pacer.isCoolEnough()) {
            report(Phase.COOLING);
            pacer.cool();
        }
    }

    private void fail(Turn turn, Exception error) throws RunEnded {
        turn.failure = error.getMessage();
        listener.onFailure(turn.number, turn.failure);
        for (Turn each : turns) {
            if (each.failure == null) {
                return;
            }
        }
        throw new RunEnded(StopReason.ALL_FAILED);
    }

    private void report(Phase phase) {
        listener.onProgress(
                new Progress(
                        phase,
                        finishedRuns,
                        plan.totalRuns(),
                        pacer.elapsedNanos(),
                        pacer.status()));
    }

    /** A configuration in its turn. */
    private static final class Turn {
        final int number;
        final Configuration configuration;
        final List<Measurement> measurements = new ArrayList<Measurement>();
        InferenceEngine engine;
        String failure;

        Turn(int number, Configuration configuration) {
            this.number = number;
            this.configuration = configuration;
        }
    }
}
