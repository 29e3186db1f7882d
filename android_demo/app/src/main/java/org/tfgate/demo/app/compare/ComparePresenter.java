package org.tfgate.demo.app.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.bench.BenchCommand;
import org.tfgate.demo.app.chart.DistributionChart;
import org.tfgate.demo.app.measure.MeasureKit;
import org.tfgate.demo.app.measure.MeasurePresenter;
import org.tfgate.demo.app.models.ModelEntry;
import org.tfgate.demo.app.screen.ModelList;
import org.tfgate.demo.app.screen.Slider;
import org.tfgate.demo.app.screen.Sliders;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.result.Point;

/**
 * What "Compare" shows. Both networks run on the same pictures, each round in an order of its own:
 * none profits from what the other left in the caches, and a drawing meets both alike.
 */
public final class ComparePresenter extends MeasurePresenter<CompareState> {
    private static final Integer[] RUNS = {50, 100, 200, 500, 1000};
    private static final int DEFAULT_RUNS = 2;

    private String dense;
    private String gated;
    private Double setting;
    private String measuredDense;
    private String measuredGated;

    public ComparePresenter(MeasureKit kit) {
        super(kit, "compare", RUNS, DEFAULT_RUNS);
    }

    /** Chooses the dense network, by its place in the list. */
    public void selectDense(int place) {
        if (place < denseModels().size()) {
            dense = denseModels().get(place).name();
            refresh();
        }
    }

    /** Chooses the gated network, by its place in the list. */
    public void selectGated(int place) {
        if (place < gatedModels().size()) {
            gated = gatedModels().get(place).name();
            setting = null;
            refresh();
        }
    }

    /** Moves the slider of the gated network's input, to a place from 0 to 100. */
    public void moveSetting(int progress) {
        setting = Sliders.setting(progress);
        refresh();
    }

    @Override
    public void onModelsChanged() {
        dense = ModelList.stillThere(dense, denseModels());
        gated = ModelList.stillThere(gated, gatedModels());
        refresh();
    }

    @Override
    protected BenchCommand.Builder command() {
        BenchCommand.Builder command = BenchCommand.builder(Arrays.asList(dense, gated));
        Dial dial = gatedMetadata().dial();
        List<Double> settings = Collections.singletonList(setting());
        if (dial == Dial.TAU) {
            command.taus(settings);
        } else if (dial == Dial.U) {
            command.us(settings);
        }
        measuredDense = models().find(dense).fileName();
        measuredGated = title(models().find(gated).fileName(), dial);
        return command;
    }

    @Override
    protected String problem() {
        String unread = models().problem(texts());
        if (unread != null) {
            return unread;
        }
        if (models().find(dense) == null) {
            return texts().get(R.string.compare_no_dense);
        }
        return models().find(gated) == null ? texts().get(R.string.compare_no_gated) : null;
    }

    @Override
    public CompareState state() {
        CompareState state = new CompareState();
        state.dense = modelChoice(denseModels(), dense);
        state.gated = modelChoice(gatedModels(), gated);
        state.setting = slider();
        state.runs = runsChoice();
        state.canStart = canStart();
        state.isRunning = isRunning();
        state.canSave = canSave();
        state.message = message();
        state.progress = progressText();
        List<Point> points = points();
        if (points.size() == 2 && points.get(0) != null && points.get(1) != null) {
            show(state, points.get(0), points.get(1));
        }
        return state;
    }

    private void show(CompareState state, Point baseline, Point point) {
        String denseMedian = formats().milliseconds(baseline.milliseconds().median());
        String gatedMedian = formats().milliseconds(point.milliseconds().median());
        String ratio = formats().ratio(point.latencyRatio(baseline));
        state.ratio = texts().get(R.string.compare_ratio, ratio);
        Double macs = point.macsRatio(baseline);
        Double efficiency = point.skipEfficiency(baseline);
        state.efficiency =
                efficiency == null
                        ? texts().get(R.string.compare_no_macs)
                        : texts().get(
                                R.string.compare_efficiency, formats().ratio(efficiency));
        if (macs != null) {
            state.details = texts().get(R.string.compare_macs, formats().ratio(macs));
        }
        String denseTitle = texts().get(R.string.compare_row, measuredDense, denseMedian);
        String gatedTitle = texts().get(R.string.compare_row, measuredGated, gatedMedian);
        state.chart =
                new DistributionChart(
                        Arrays.asList(
                                new DistributionChart.Row(denseTitle, milliseconds(0)),
                                new DistributionChart.Row(gatedTitle, milliseconds(1))),
                        texts().get(R.string.compare_axis), texts().locale());
        state.description =
                texts().get(
                        R.string.compare_chart, denseTitle, spread(baseline), gatedTitle,
                        spread(point));
    }

    private String spread(Point point) {
        return texts().get(
                R.string.compare_spread,
                formats().milliseconds(point.milliseconds().percentile(10)),
                formats().milliseconds(point.milliseconds().percentile(90)));
    }

    private String title(String model, Dial dial) {
        if (dial == null) {
            return model;
        }
        String value = formats().setting(setting());
        return texts().get(
                dial == Dial.TAU ? R.string.model_at_tau : R.string.model_at_u, model, value);
    }

    private Slider slider() {
        ModelMetadata metadata = gatedMetadata();
        boolean isU = metadata != null && metadata.dial() == Dial.U;
        Slider slider =
                isU
                        ? Sliders.u(metadata, setting(), texts())
                        : Sliders.tau(metadata, setting(), texts());
        return isRunning()
                ? new Slider(
                        slider.progress(), slider.label(),
                        texts().get(R.string.slider_running))
                : slider;
    }

    /** What is chosen; at first what the file proposes. */
    private double setting() {
        if (setting != null) {
            return setting;
        }
        ModelMetadata metadata = gatedMetadata();
        Double own = null;
        if (metadata != null) {
            own = metadata.dial() == Dial.U ? metadata.u() : metadata.tau();
        }
        return own == null ? 0.5 : own;
    }

    private ModelMetadata gatedMetadata() {
        ModelEntry entry = models().find(gated);
        return entry == null ? null : entry.metadata();
    }

    private List<ModelEntry> denseModels() {
        return ofKind(false);
    }

    private List<ModelEntry> gatedModels() {
        return ofKind(true);
    }

    /** Gated networks, or those that always run the same. */
    private List<ModelEntry> ofKind(boolean isGated) {
        List<ModelEntry> found = new ArrayList<ModelEntry>();
        for (ModelEntry entry : models().usable()) {
            ModelMetadata metadata = entry.metadata();
            boolean varies = metadata.macs().allOpen() != metadata.macs().allClosed();
            if (varies == isGated) {
                found.add(entry);
            }
        }
        return found;
    }
}
