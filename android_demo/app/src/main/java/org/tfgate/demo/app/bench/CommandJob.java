package org.tfgate.demo.app.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.metadata.ModelInput;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.result.MeasuredModel;
import org.tfgate.demo.core.run.Configuration;
import org.tfgate.demo.core.run.RunOrder;
import org.tfgate.demo.core.run.RunPlan;
import org.tfgate.demo.core.run.ThermalGate;
import org.tfgate.demo.app.models.ModelEntry;
import org.tfgate.demo.tflite.ModelStore;

/** From a command to a job: each model at each of its settings with each number of threads. */
public final class CommandJob implements JobSource {
    /** How hot the device may be while it measures. */
    public static final ThermalStatus HOTTEST = ThermalStatus.LIGHT;

    // Every run is kept until the result is written.
    private static final long MOST_RUNS = 1000000;
    private static final long LONGEST_COOLING_MINUTES = 10;
    private static final long POLL_SECONDS = 1;
    private static final long PAUSE_MILLIS = 200;
    private static final int ROUNDS_BETWEEN_PAUSES = 50;

    private final BenchCommand command;
    private final ModelStore models;
    private final PictureFiles pictures;
    private final long pictureBytes;

    /**
     * @param models gives the models' metadata.
     * @param pictures what the models see, in turn.
     * @param pictureBytes how much memory pictures may take, in bytes.
     */
    public CommandJob(
            BenchCommand command, ModelStore models, PictureFiles pictures, long pictureBytes) {
        this.command = command;
        this.models = models;
        this.pictures = pictures;
        this.pictureBytes = pictureBytes;
    }

    @Override
    public BenchJob prepare() throws BenchException {
        Map<String, ModelMetadata> metadata = metadata();
        expectDial(metadata, command.taus(), Dial.TAU);
        expectDial(metadata, command.us(), Dial.U);
        List<Configuration> configurations = configurations(metadata);
        long runs = (long) configurations.size() * command.runs();
        if (runs > MOST_RUNS) {
            throw new BenchException(
                    "Expected at most " + MOST_RUNS + " runs of all configurations, got " + runs
                            + ".");
        }
        PictureSet images =
                PictureSet.load(pictures, inputs(metadata), command.runs(), pictureBytes);
        RunPlan plan =
                RunPlan.builder(configurations)
                        .images(images.size())
                        .runs(command.runs())
                        .warmup(command.warmup(), 0)
                        .order(RunOrder.SHUFFLED)
                        .seed(command.seed())
                        .pause(TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS), ROUNDS_BETWEEN_PAUSES)
                        .thermalGate(
                                new ThermalGate(
                                        HOTTEST,
                                        TimeUnit.MINUTES.toNanos(LONGEST_COOLING_MINUTES),
                                        TimeUnit.SECONDS.toNanos(POLL_SECONDS)))
                        .build();
        return new BenchJob(
                plan, measured(metadata), images, pictures.dataset(), command.resultName(),
                images.notes());
    }

    private Map<String, ModelMetadata> metadata() throws BenchException {
        Map<String, ModelMetadata> metadata = new LinkedHashMap<String, ModelMetadata>();
        for (String model : command.models()) {
            try {
                metadata.put(model, models.metadata(model));
            } catch (EngineException error) {
                throw new BenchException(error.getMessage(), error);
            }
        }
        return metadata;
    }

    private void expectDial(
            Map<String, ModelMetadata> metadata, List<Double> settings, Dial dial)
            throws BenchException {
        for (ModelMetadata each : metadata.values()) {
            if (settings.isEmpty() || each.dial() == dial) {
                return;
            }
        }
        throw new BenchException(
                "Expected a model with an input " + dial.label() + ", got none among "
                        + command.models() + ".");
    }

    private List<Configuration> configurations(Map<String, ModelMetadata> metadata)
            throws BenchException {
        List<Configuration> configurations = new ArrayList<Configuration>();
        for (int threads : command.threads()) {
            for (Map.Entry<String, ModelMetadata> model : metadata.entrySet()) {
                String name = model.getKey();
                Dial dial = model.getValue().dial();
                EngineOptions options =
                        new EngineOptions(
                                model.getValue().signatures().get(0), threads,
                                command.xnnpack());
                if (dial == null) {
                    configurations.add(Configuration.of(name, options));
                    continue;
                }
                for (double setting : settings(name, model.getValue(), dial)) {
                    configurations.add(Configuration.of(name, options, dial, setting));
                }
            }
        }
        return configurations;
    }

    private List<Double> settings(String name, ModelMetadata metadata, Dial dial)
            throws BenchException {
        List<Double> settings = dial == Dial.TAU ? command.taus() : command.us();
        if (!settings.isEmpty()) {
            return settings;
        }
        Double own = dial == Dial.TAU ? metadata.tau() : metadata.u();
        if (own == null) {
            throw new BenchException(
                    "Expected a setting of " + dial.label() + " for " + name
                            + ", which proposes none.");
        }
        return Collections.singletonList(own);
    }

    private static Map<String, ModelInput> inputs(Map<String, ModelMetadata> metadata) {
        Map<String, ModelInput> inputs = new LinkedHashMap<String, ModelInput>();
        for (Map.Entry<String, ModelMetadata> model : metadata.entrySet()) {
            inputs.put(model.getKey(), model.getValue().input());
        }
        return inputs;
    }

    private static List<MeasuredModel> measured(Map<String, ModelMetadata> metadata) {
        List<MeasuredModel> measured = new ArrayList<MeasuredModel>();
        for (Map.Entry<String, ModelMetadata> model : metadata.entrySet()) {
            String name = model.getKey();
            measured.add(
                    new MeasuredModel(name, ModelEntry.fileName(name), model.getValue()));
        }
        return measured;
    }
}
