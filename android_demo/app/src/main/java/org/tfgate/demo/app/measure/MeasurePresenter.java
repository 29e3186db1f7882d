package org.tfgate.demo.app.measure;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.bench.BenchCommand;
import org.tfgate.demo.app.bench.BenchOutcome;
import org.tfgate.demo.app.bench.BenchRun;
import org.tfgate.demo.app.bench.ResultFolder;
import org.tfgate.demo.app.models.ModelEntry;
import org.tfgate.demo.app.screen.Choice;
import org.tfgate.demo.app.screen.Formats;
import org.tfgate.demo.app.screen.Measuring;
import org.tfgate.demo.app.screen.ModelList;
import org.tfgate.demo.app.screen.Occupation;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.result.MeasuredModel;
import org.tfgate.demo.core.result.Point;
import org.tfgate.demo.core.result.ResultDocument;
import org.tfgate.demo.core.run.Configuration;
import org.tfgate.demo.core.run.ConfigurationResult;
import org.tfgate.demo.core.run.Measurement;
import org.tfgate.demo.core.run.Progress;

/**
 * Starts a run, follows it and tells what became of it.
 *
 * @param <S> what is shown: immutable.
 */
public abstract class MeasurePresenter<S> extends Presenter<S>
        implements BenchRun.Listener, ModelList.Listener, Occupation.Listener, Measuring {
    // Drawing stops the run: rarely enough that the processor stays as warm as it is.
    private static final long NEWS_MILLIS = 1000;

    private final MeasureKit kit;
    private final String kind;
    private final List<Integer> runChoices;
    private int runChoice;
    private BenchRun run;
    private Progress progress;
    private BenchOutcome outcome;
    private String resultName;
    private String saved;

    /**
     * @param kind what results are called, in letters.
     * @param runChoices how many runs a person may choose.
     * @param runChoice which of them is chosen at first.
     */
    protected MeasurePresenter(
            MeasureKit kit, String kind, Integer[] runChoices, int runChoice) {
        this.kit = kit;
        this.kind = kind;
        this.runChoices = Collections.unmodifiableList(Arrays.asList(runChoices));
        this.runChoice = runChoice;
        kit.models.add(this);
        kit.occupation.add(this);
    }

    /** Chooses a number of runs, by its place in the list. */
    public final void selectRuns(int place) {
        runChoice = place;
        refresh();
    }

    @Override
    public final void start() {
        if (problem() != null || !kit.occupation.take(this)) {
            return;
        }
        resultName = kit.newName(kind);
        BenchCommand.Builder command = command().runs(runChoices.get(runChoice));
        outcome = null;
        progress = null;
        saved = null;
        run = kit.runs.run(command.resultName(resultName).build(), NEWS_MILLIS);
        run.setListener(this);
        run.start();
        refresh();
    }

    @Override
    public final void stop() {
        if (isRunning()) {
            run.stop("it was stopped by hand");
        }
    }

    /** The app is left: Android slows it down from now on, so nothing can be measured. */
    public final void leave() {
        if (isRunning()) {
            run.stop("the app left the screen, or the screen was turned off");
        }
    }

    @Override
    public final void saveAgain() {
        final BenchOutcome unsaved = outcome;
        final String name = resultName;
        if (!canSave()) {
            return;
        }
        kit.tasks.background(new Runnable() {
            @Override
            public void run() {
                String message;
                try {
                    kit.results.write(
                            name, ResultFolder.JSON, ResultDocument.write(unsaved.result()));
                    message = kit.texts.get(R.string.measure_saved, name);
                } catch (IOException error) {
                    message = kit.texts.get(R.string.measure_not_saved, error.getMessage());
                }
                showSaved(unsaved, message);
            }
        });
    }

    private void showSaved(final BenchOutcome of, final String message) {
        kit.tasks.screen(new Runnable() {
            @Override
            public void run() {
                if (of == outcome) {
                    saved = message;
                    refresh();
                }
            }
        });
    }

    @Override
    public final void onProgress(BenchRun from, Progress now) {
        progress = now;
        refresh();
    }

    @Override
    public final void onEnd(BenchRun from, BenchOutcome ended) {
        outcome = ended;
        kit.occupation.release(this);
        refresh();
    }

    @Override
    public final void onOccupationChanged() {
        refresh();
    }

    @Override
    public void onModelsChanged() {
        refresh();
    }

    @Override
    protected final void onAttached() {
        if (kit.occupation.isFree()) {
            kit.models.read();
        }
    }

    /** What is to be measured. Called if there is no {@link #problem}. */
    protected abstract BenchCommand.Builder command();

    /** Why nothing can be measured with what is chosen, in words; null if it can. */
    protected abstract String problem();

    /** Whether a run is going on. */
    protected final boolean isRunning() {
        return run != null && outcome == null;
    }

    /** Whether a run can be started now. */
    protected final boolean canStart() {
        return problem() == null && kit.occupation.isFree();
    }

    /** Whether there is a result that could not be written. */
    protected final boolean canSave() {
        return outcome != null && outcome.result() != null && outcome.json() == null
                && (saved == null || !kit.results.has(resultName));
    }

    /** What is wrong, or what became of the last run; null for nothing to say. */
    protected final String message() {
        if (kit.occupation.isOthers(this)) {
            return texts().get(R.string.busy_measuring);
        }
        if (isRunning()) {
            return null;
        }
        if (outcome == null) {
            return problem();
        }
        if (saved != null) {
            return saved;
        }
        if (outcome.result() == null) {
            return texts().get(R.string.measure_failed, outcome.failure());
        }
        if (outcome.json() == null) {
            return texts().get(R.string.measure_not_saved, outcome.failure());
        }
        return outcome.failure() == null
                ? texts().get(R.string.measure_saved, resultName)
                : texts().get(R.string.measure_part, resultName, outcome.failure());
    }

    /** How far the run is; null if none is going on. */
    protected final String progressText() {
        return isRunning() ? StatusTexts.of(progress, texts()) : null;
    }

    /** The numbers of runs to choose from. */
    protected final Choice runsChoice() {
        List<String> labels = new ArrayList<String>();
        for (int runs : runChoices) {
            labels.add(texts().quantity(R.plurals.runs, runs));
        }
        return new Choice(labels, runChoice, !isRunning());
    }

    /** A choice among models. */
    protected final Choice modelChoice(List<ModelEntry> models, String selected) {
        List<String> labels = new ArrayList<String>();
        int place = -1;
        for (ModelEntry model : models) {
            if (model.name().equals(selected)) {
                place = labels.size();
            }
            labels.add(model.fileName());
        }
        return new Choice(labels, place, !isRunning() && !labels.isEmpty());
    }

    /** The points of the last run so far, a place for each configuration: null for no runs yet. */
    protected final List<Point> points() {
        List<Point> points = new ArrayList<Point>();
        if (run == null || run.job() == null) {
            return points;
        }
        List<Configuration> configurations = run.job().plan().configurations();
        for (int i = 0; i < configurations.size(); i++) {
            List<Measurement> measured = run.measurements(i);
            points.add(
                    measured.isEmpty()
                            ? null
                            : new Point(
                                    new ConfigurationResult(
                                            configurations.get(i), measured, null),
                                    metadata(configurations.get(i).model())));
        }
        return points;
    }

    private ModelMetadata metadata(String model) {
        for (MeasuredModel each : run.job().models()) {
            if (each.name().equals(model)) {
                return each.metadata();
            }
        }
        throw new IllegalStateException("Expected " + model + " in the job, got none.");
    }

    /** Latencies of a configuration so far, in milliseconds. */
    protected final double[] milliseconds(int configuration) {
        List<Measurement> measured = run.measurements(configuration);
        double[] milliseconds = new double[measured.size()];
        for (int i = 0; i < milliseconds.length; i++) {
            milliseconds[i] = measured.get(i).milliseconds();
        }
        return milliseconds;
    }

    /** The models. */
    protected final ModelList models() {
        return kit.models;
    }

    /** Texts in the person's language. */
    protected final Texts texts() {
        return kit.texts;
    }

    /** Numbers as people read them. */
    protected final Formats formats() {
        return new Formats(kit.texts);
    }
}
