package org.tfgate.demo.app.adapt;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.bench.BenchException;
import org.tfgate.demo.app.bench.ResultFolder;
import org.tfgate.demo.app.measure.MeasureKit;
import org.tfgate.demo.app.measure.StatusTexts;
import org.tfgate.demo.app.models.ModelEntry;
import org.tfgate.demo.app.screen.Choice;
import org.tfgate.demo.app.screen.Formats;
import org.tfgate.demo.app.screen.Measuring;
import org.tfgate.demo.app.screen.ModelList;
import org.tfgate.demo.app.screen.Occupation;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Slider;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.run.StopSignal;

/** What "Adapt" shows. The screen is drawn once a sample, while no inference runs. */
public final class AdaptPresenter extends Presenter<AdaptState>
        implements ModelList.Listener, Occupation.Listener, Measuring {
    private static final int[] MINUTES = {1, 3, 5, 10, 20};
    private static final int DEFAULT_MINUTES = 1;
    private static final int LEAST_PERCENT = 10;
    private static final int DEFAULT_PERCENT = 70;
    private static final double PERCENT = 100.0;
    private static final double SECONDS = 60.0;

    private final MeasureKit kit;
    private final AdaptServices services;
    private final Texts texts;
    private final Formats formats;
    private String model;
    private int percent = DEFAULT_PERCENT;
    private int minutes = DEFAULT_MINUTES;
    private StopSignal stop;
    private AdaptPlan plan;
    private List<AdaptSample> samples = new ArrayList<AdaptSample>();
    private double wholeMs;
    private double targetMs;
    private String ended;
    private boolean isSaved;

    public AdaptPresenter(MeasureKit kit, AdaptServices services) {
        this.kit = kit;
        this.services = services;
        texts = kit.texts();
        formats = new Formats(texts);
        kit.models().add(this);
        kit.occupation().add(this);
    }

    @Override
    protected void onAttached() {
        if (kit.occupation().isFree()) {
            kit.models().read();
        }
    }

    /** Chooses the network, by its place in the list. */
    public void selectModel(int place) {
        if (place < kit.models().adjustable().size()) {
            model = kit.models().adjustable().get(place).name();
            refresh();
        }
    }

    /** Chooses how long, by its place in the list. */
    public void selectMinutes(int place) {
        minutes = place;
        refresh();
    }

    /** Moves the slider for the target: percent of the whole network's latency. */
    public void moveTarget(int progress) {
        percent = Math.max(LEAST_PERCENT, progress);
        refresh();
    }

    @Override
    public void start() {
        if (problem() != null || !kit.occupation().take(this)) {
            return;
        }
        plan =
                new AdaptPlan(
                        kit.models().find(model), percent / PERCENT,
                        MINUTES[minutes] * SECONDS, kit.newName("adapt"));
        stop = new StopSignal();
        samples = new ArrayList<AdaptSample>();
        targetMs = 0.0;
        ended = null;
        isSaved = false;
        final AdaptPlan started = plan;
        final StopSignal signal = stop;
        kit.tasks().alone(new Runnable() {
            @Override
            public void run() {
                runNow(started, signal);
            }
        });
        refresh();
    }

    /** Also called when the app is left. */
    @Override
    public void stop() {
        if (stop != null) {
            stop.stop();
        }
    }

    @Override
    public void saveAgain() {
        if (!canSave()) {
            return;
        }
        final AdaptPlan of = plan;
        final List<AdaptSample> all = new ArrayList<AdaptSample>(samples);
        final double target = targetMs;
        kit.tasks().background(new Runnable() {
            @Override
            public void run() {
                show(of, write(of, target, all));
            }
        });
    }

    @Override
    public void onModelsChanged() {
        model = ModelList.stillThere(model, kit.models().adjustable());
        refresh();
    }

    @Override
    public void onOccupationChanged() {
        refresh();
    }

    @Override
    public AdaptState state() {
        AdaptState state = new AdaptState();
        state.models = models();
        state.target = target();
        state.minutes = minutesChoice();
        state.isRunning = stop != null;
        state.canStart = problem() == null && kit.occupation().isFree();
        state.canSave = canSave();
        state.message = message();
        state.details = details();
        if (!samples.isEmpty()) {
            AdaptSample last = samples.get(samples.size() - 1);
            AdaptChart chart = new AdaptChart(samples, targetMs, texts);
            state.now =
                    texts.get(
                            R.string.adapt_now, formats.milliseconds(last.milliseconds),
                            formats.setting(last.u), StatusTexts.of(last.status, texts));
            state.chart = chart.drawing();
            state.description = chart.description();
        }
        return state;
    }

    private void runNow(AdaptPlan started, StopSignal signal) {
        final Recorder recorder = new Recorder();
        String failure = null;
        try {
            new AdaptLoop(started, services, signal, recorder).run();
        } catch (EngineException error) {
            failure = error.getMessage();
        } catch (BenchException error) {
            failure = error.getMessage();
        } catch (OutOfMemoryError error) {
            failure = texts.get(R.string.problem_too_large, started.model.fileName());
        }
        Ending ending =
                recorder.samples.isEmpty()
                        ? new Ending(false, nothing(failure))
                        : write(started, recorder.targetMs, recorder.samples);
        boolean early = failure != null && !recorder.samples.isEmpty();
        finish(
                early
                        ? new Ending(
                                ending.isSaved,
                                texts.get(R.string.adapt_failed, failure) + " " + ending.text)
                        : ending);
    }

    private String nothing(String failure) {
        return failure == null
                ? texts.get(R.string.adapt_nothing)
                : texts.get(R.string.measure_failed, failure);
    }

    private Ending write(AdaptPlan of, double target, List<AdaptSample> all) {
        try {
            kit.results().write(
                    of.resultName, ResultFolder.CSV,
                    AdaptTable.write(of.model.fileName(), target, all));
            return new Ending(true, texts.get(R.string.measure_saved, of.resultName));
        } catch (IOException error) {
            return new Ending(
                    false, texts.get(R.string.measure_not_saved, error.getMessage()));
        }
    }

    private void finish(final Ending ending) {
        kit.tasks().screen(new Runnable() {
            @Override
            public void run() {
                stop = null;
                ended = ending.text;
                isSaved = ending.isSaved;
                kit.occupation().release(AdaptPresenter.this);
                refresh();
            }
        });
    }

    private void show(final AdaptPlan of, final Ending ending) {
        kit.tasks().screen(new Runnable() {
            @Override
            public void run() {
                if (of == plan) {
                    ended = ending.text;
                    isSaved = ending.isSaved;
                    refresh();
                }
            }
        });
    }

    private boolean canSave() {
        return stop == null && !samples.isEmpty() && !isSaved;
    }

    private String problem() {
        String unread = kit.models().problem(texts);
        if (unread != null) {
            return unread;
        }
        return kit.models().find(model) == null ? texts.get(R.string.adapt_no_model) : null;
    }

    private String message() {
        if (kit.occupation().isOthers(this)) {
            return texts.get(R.string.busy_measuring);
        }
        if (stop != null) {
            return samples.isEmpty() ? texts.get(R.string.adapt_reference) : null;
        }
        return ended == null ? problem() : ended;
    }

    private String details() {
        StringBuilder text = new StringBuilder();
        ModelEntry entry = kit.models().find(model);
        if (targetMs > 0.0) {
            text.append(
                    texts.get(
                            R.string.adapt_target, formats.milliseconds(targetMs),
                            formats.percent(plan.targetShare), formats.milliseconds(wholeMs)));
        }
        if (entry != null && entry.metadata().dial() == Dial.TAU) {
            text.append(text.length() == 0 ? "" : "\n").append(texts.get(R.string.adapt_by_tau));
        }
        if (!services.tellsThermalStatus) {
            text.append(text.length() == 0 ? "" : "\n");
            text.append(texts.get(R.string.adapt_no_thermal));
        }
        return text.length() == 0 ? null : text.toString();
    }

    private Choice models() {
        List<String> labels = new ArrayList<String>();
        int selected = -1;
        for (ModelEntry entry : kit.models().adjustable()) {
            if (entry.name().equals(model)) {
                selected = labels.size();
            }
            labels.add(entry.fileName());
        }
        return new Choice(labels, selected, stop == null && !labels.isEmpty());
    }

    private Slider target() {
        String label = texts.get(R.string.target_value, formats.percent(percent / PERCENT));
        return new Slider(
                percent, label, stop == null ? null : texts.get(R.string.slider_running));
    }

    private Choice minutesChoice() {
        List<String> labels = new ArrayList<String>();
        for (int each : MINUTES) {
            labels.add(texts.quantity(R.plurals.minutes, each));
        }
        return new Choice(labels, minutes, stop == null);
    }

    /** What became of a run. */
    private static final class Ending {
        final boolean isSaved;
        final String text;

        Ending(boolean isSaved, String text) {
            this.isSaved = isSaved;
            this.text = text;
        }
    }

    /** Notes what happens, and shows it while no inference runs. */
    private final class Recorder implements AdaptLoop.Listener {
        final List<AdaptSample> samples = new ArrayList<AdaptSample>();
        double targetMs;

        @Override
        public void onTarget(final double whole, final double target) {
            targetMs = target;
            kit.tasks().screenAndWait(new Runnable() {
                @Override
                public void run() {
                    wholeMs = whole;
                    AdaptPresenter.this.targetMs = target;
                    refresh();
                }
            });
        }

        @Override
        public void onSample(final AdaptSample sample) {
            samples.add(sample);
            kit.tasks().screenAndWait(new Runnable() {
                @Override
                public void run() {
                    AdaptPresenter.this.samples.add(sample);
                    refresh();
                }
            });
        }
    }
}
