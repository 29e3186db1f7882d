package org.tfgate.demo.app.sweep;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.bench.BenchCommand;
import org.tfgate.demo.app.chart.Panel;
import org.tfgate.demo.app.chart.PanelChart;
import org.tfgate.demo.app.chart.Series;
import org.tfgate.demo.app.measure.MeasureKit;
import org.tfgate.demo.app.measure.MeasurePresenter;
import org.tfgate.demo.app.models.ModelEntry;
import org.tfgate.demo.app.screen.ModelList;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.result.Point;

/** What "Sweep" shows. All settings take their turns, so that a disturbance meets all alike. */
public final class SweepPresenter extends MeasurePresenter<SweepState> {
    private static final Integer[] RUNS = {10, 20, 50, 100, 200};
    private static final int DEFAULT_RUNS = 1;
    private static final int STEPS = 10;
    private static final double MILLION = 1e6;

    private String model;
    private Dial measuredDial;
    private String measuredModel;

    public SweepPresenter(MeasureKit kit) {
        super(kit, "sweep", RUNS, DEFAULT_RUNS);
    }

    /** Chooses the network, by its place in the list. */
    public void selectModel(int place) {
        if (place < models().adjustable().size()) {
            model = models().adjustable().get(place).name();
            refresh();
        }
    }

    @Override
    public void onModelsChanged() {
        model = ModelList.stillThere(model, models().adjustable());
        refresh();
    }

    @Override
    protected BenchCommand.Builder command() {
        ModelEntry entry = models().find(model);
        measuredDial = entry.metadata().dial();
        measuredModel = entry.fileName();
        List<Double> settings = new ArrayList<Double>();
        for (int i = 0; i <= STEPS; i++) {
            settings.add((double) i / STEPS);
        }
        BenchCommand.Builder command = BenchCommand.builder(Collections.singletonList(model));
        return measuredDial == Dial.TAU ? command.taus(settings) : command.us(settings);
    }

    @Override
    protected String problem() {
        String unread = models().problem(texts());
        if (unread != null) {
            return unread;
        }
        return models().find(model) == null ? texts().get(R.string.sweep_no_model) : null;
    }

    @Override
    public SweepState state() {
        SweepState state = new SweepState();
        state.models = modelChoice(models().adjustable(), model);
        state.runs = runsChoice();
        state.canStart = canStart();
        state.isRunning = isRunning();
        state.canSave = canSave();
        state.message = message();
        state.progress = progressText();
        List<Point> points = new ArrayList<Point>(points());
        points.removeAll(Collections.singleton(null));
        if (!points.isEmpty()) {
            show(state, points);
        }
        return state;
    }

    private void show(SweepState state, List<Point> points) {
        int count = points.size();
        double[] settings = new double[count];
        double[] median = new double[count];
        double[] tail = new double[count];
        double[] macs = new double[count];
        boolean knowsMacs = true;
        StringBuilder lines = new StringBuilder(measuredModel);
        for (int i = 0; i < count; i++) {
            Point point = points.get(i);
            settings[i] = point.configuration().setting();
            median[i] = point.milliseconds().median();
            tail[i] = point.milliseconds().percentile(90);
            knowsMacs &= point.executedMacs() != null;
            macs[i] = knowsMacs ? point.executedMacs() / MILLION : 0.0;
            lines.append('\n').append(line(point));
        }
        List<Panel> panels = new ArrayList<Panel>();
        panels.add(
                Panel.fromZero(
                        texts().get(R.string.axis_latency), 0.1,
                        new Series(
                                texts().get(R.string.series_median), Series.Look.LINE, settings,
                                median),
                        new Series(
                                texts().get(R.string.series_p90), Series.Look.DASHED, settings,
                                tail)));
        if (knowsMacs) {
            panels.add(
                    Panel.fromZero(
                            texts().get(R.string.axis_macs), 0.001,
                            new Series(
                                    texts().get(R.string.axis_macs), Series.Look.LINE, settings,
                                    macs)));
        }
        String axis = texts().get(
                measuredDial == Dial.TAU ? R.string.slider_tau : R.string.slider_u);
        state.chart = new PanelChart(panels, axis, 0.0, 1.0, texts().locale());
        state.description =
                texts().get(
                        R.string.sweep_chart, axis, line(points.get(0)),
                        line(points.get(count - 1)));
        state.details = lines.toString();
    }

    private String line(Point point) {
        String setting = formats().setting(point.configuration().setting());
        String latency = formats().milliseconds(point.milliseconds().median());
        int id = measuredDial == Dial.TAU ? R.string.sweep_tau : R.string.sweep_u;
        if (point.executedMacs() == null) {
            return texts().get(id, setting, latency, texts().get(R.string.macs_unknown));
        }
        return texts().get(id, setting, latency, formats().macs(point.executedMacs()));
    }
}
