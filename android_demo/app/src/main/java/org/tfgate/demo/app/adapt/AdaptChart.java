package org.tfgate.demo.app.adapt;

import java.util.Arrays;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.chart.Panel;
import org.tfgate.demo.app.chart.PanelChart;
import org.tfgate.demo.app.chart.Series;
import org.tfgate.demo.app.measure.StatusTexts;
import org.tfgate.demo.app.screen.Formats;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.core.device.ThermalStatus;

/** Samples as a chart over time, and in words. */
final class AdaptChart {
    private final List<AdaptSample> samples;
    private final double targetMs;
    private final Texts texts;
    private final Formats formats;

    /**
     * @param samples at least one.
     * @param targetMs the latency to be held, in milliseconds.
     */
    AdaptChart(List<AdaptSample> samples, double targetMs, Texts texts) {
        this.samples = samples;
        this.targetMs = targetMs;
        this.texts = texts;
        formats = new Formats(texts);
    }

    PanelChart drawing() {
        int count = samples.size();
        double[] time = new double[count];
        double[] latency = new double[count];
        double[] u = new double[count];
        double[] status = new double[count];
        for (int i = 0; i < count; i++) {
            AdaptSample sample = samples.get(i);
            time[i] = sample.seconds;
            latency[i] = sample.milliseconds;
            u[i] = sample.u;
            status[i] = sample.status.ordinal();
        }
        double end = Math.max(1.0, time[count - 1]);
        String target = texts.get(R.string.series_target, formats.milliseconds(targetMs));
        Series measured =
                new Series(
                        texts.get(R.string.series_measured), Series.Look.LINE, time, latency);
        Series held =
                new Series(
                        target, Series.Look.TARGET, new double[] {0.0, end},
                        new double[] {targetMs, targetMs});
        return new PanelChart(
                Arrays.asList(
                        Panel.fromZero(texts.get(R.string.axis_latency), 0.1, measured, held),
                        Panel.fromZero(
                                texts.get(R.string.slider_u), 1.0,
                                new Series(
                                        texts.get(R.string.slider_u), Series.Look.STEPS, time,
                                        u)),
                        Panel.ofLevels(
                                texts.get(R.string.axis_thermal), StatusTexts.all(texts),
                                new Series(
                                        texts.get(R.string.axis_thermal), Series.Look.STEPS,
                                        time, status))),
                texts.get(R.string.axis_seconds), 0.0, end, texts.locale());
    }

    String description() {
        AdaptSample last = samples.get(samples.size() - 1);
        double least = 1.0;
        ThermalStatus hottest = ThermalStatus.NONE;
        for (AdaptSample sample : samples) {
            least = Math.min(least, sample.u);
            hottest = sample.status.compareTo(hottest) > 0 ? sample.status : hottest;
        }
        return texts.get(
                R.string.adapt_chart, Math.round(last.seconds),
                formats.milliseconds(last.milliseconds), formats.milliseconds(targetMs),
                formats.setting(last.u), formats.setting(least),
                StatusTexts.of(hottest, texts));
    }
}
