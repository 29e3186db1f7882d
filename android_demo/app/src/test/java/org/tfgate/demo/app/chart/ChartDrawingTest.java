package org.tfgate.demo.app.chart;

import static org.junit.Assert.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.Test;

/**
 * Draws every chart on the JVM: light and dark, narrow and wide, with usual and with large text.
 * The pictures are left in {@code target/drawings} for people to look at.
 */
public final class ChartDrawingTest {
    @Test
    public void stripOfAFewBlocks() throws Exception {
        List<BlockStrip.Cell> cells = new ArrayList<BlockStrip.Cell>();
        cells.add(new BlockStrip.Cell("always", "20 %", 0.2, 1.0));
        cells.add(new BlockStrip.Cell("block1", "30 %", 0.3, 1.0));
        cells.add(new BlockStrip.Cell("block2", "10 %", 0.1, 0.0));
        cells.add(new BlockStrip.Cell("block3", "40 %", 0.4, 0.625));
        Drawings.drawAll("strip_few", new BlockStrip(cells));
    }

    @Test
    public void stripOfManyBlocks() throws Exception {
        List<BlockStrip.Cell> cells = new ArrayList<BlockStrip.Cell>();
        for (int i = 0; i < 16; i++) {
            double open = i % 3 == 1 ? 0.0 : 1.0;
            cells.add(
                    new BlockStrip.Cell(
                            "conv" + (2 + i / 4) + "_block" + (1 + i % 4), (3 + i % 5) + " %",
                            0.03 + 0.01 * (i % 5), open));
        }
        Drawings.drawAll("strip_many", new BlockStrip(cells));
    }

    @Test
    public void stripWithoutDecisions() throws Exception {
        List<BlockStrip.Cell> cells = new ArrayList<BlockStrip.Cell>();
        cells.add(new BlockStrip.Cell("block1", "30 %", 0.3, null));
        cells.add(new BlockStrip.Cell("block2", "70 %", 0.7, null));
        Drawings.drawAll("strip_unknown", new BlockStrip(cells));
    }

    @Test
    public void distributions() throws Exception {
        Random random = new Random(1);
        double[] dense = new double[300];
        double[] gated = new double[300];
        for (int i = 0; i < dense.length; i++) {
            dense[i] = 31.5 + 0.8 * random.nextGaussian() + (i % 50 == 0 ? 20.0 : 0.0);
            gated[i] = 17.0 + (i % 4) * 2.1 + 0.5 * random.nextGaussian();
        }
        Drawings.drawAll(
                "distribution",
                new DistributionChart(
                        Arrays.asList(
                                new DistributionChart.Row(
                                        "resnet50_dense.tflite: median 31.5 ms", dense),
                                new DistributionChart.Row(
                                        "resnet50_gated.tflite, \u03c4 = 0.50: median 20.1 ms",
                                        gated)),
                        "Milliseconds per image; slower runs are in the last bar",
                        Locale.ROOT));
    }

    @Test
    public void distributionsBeforeTheFirstRun() throws Exception {
        Drawings.drawAll(
                "distribution_empty",
                new DistributionChart(
                        Arrays.asList(
                                new DistributionChart.Row("dense", new double[0]),
                                new DistributionChart.Row("gated", new double[] {})),
                        "Milliseconds per image", Locale.ROOT));
    }

    @Test
    public void sweep() throws Exception {
        double[] tau = {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
        double[] latency = new double[tau.length];
        double[] tail = new double[tau.length];
        double[] macs = new double[tau.length];
        for (int i = 0; i < tau.length; i++) {
            latency[i] = 34.0 - 26.0 * tau[i] * tau[i];
            tail[i] = latency[i] * 1.15;
            macs[i] = 4.1 - 3.4 * tau[i] * tau[i];
        }
        Drawings.drawAll(
                "sweep",
                new PanelChart(
                        Arrays.asList(
                                Panel.fromZero(
                                        "Latency in ms", 1.0,
                                        new Series("Median", Series.Look.LINE, tau, latency),
                                        new Series(
                                                "90th percentile", Series.Look.DASHED, tau,
                                                tail)),
                                Panel.fromZero(
                                        "Executed MACs in billions", 0.1,
                                        new Series("MACs", Series.Look.LINE, tau, macs))),
                        "Threshold \u03c4", 0.0, 1.0, Locale.GERMANY));
    }

    @Test
    public void adaptation() throws Exception {
        int count = 120;
        double[] time = new double[count];
        double[] latency = new double[count];
        double[] u = new double[count];
        double[] thermal = new double[count];
        Random random = new Random(2);
        for (int i = 0; i < count; i++) {
            time[i] = i * 2.5;
            thermal[i] = i / 40;
            u[i] = Math.max(0.2, 1.0 - thermal[i] * 0.3);
            latency[i] = 20.0 + 2.0 * random.nextGaussian();
        }
        Drawings.drawAll(
                "adapt",
                new PanelChart(
                        Arrays.asList(
                                Panel.fromZero(
                                        "Latency in ms", 1.0,
                                        new Series("Measured", Series.Look.LINE, time, latency),
                                        new Series(
                                                "Target: 20 ms", Series.Look.TARGET,
                                                new double[] {0.0, 300.0},
                                                new double[] {20.0, 20.0})),
                                Panel.fromZero(
                                        "u", 1.0, new Series("u", Series.Look.STEPS, time, u)),
                                Panel.ofLevels(
                                        "Thermal status",
                                        Arrays.asList(
                                                "none", "light", "moderate", "severe", "critical",
                                                "emergency", "shutdown"),
                                        new Series(
                                                "status", Series.Look.STEPS, time, thermal))),
                        "Seconds since the start", 0.0, 300.0, Locale.ROOT));
    }

    @Test
    public void openAndShutBlocksDifferWithoutColour() {
        ChartTheme theme = Themes.of("light", 1.0f, 1.0f);
        BlockStrip strip =
                new BlockStrip(
                        Arrays.asList(
                                new BlockStrip.Cell("a", "1 %", 1.0, 1.0),
                                new BlockStrip.Cell("b", "1 %", 1.0, 0.0)));
        AwtCanvas canvas = new AwtCanvas(200, 100, theme.colors().background());
        strip.draw(canvas, 200, theme);
        double open = Contrast.luminance(canvas.color(10, 8));
        double shut = Contrast.luminance(canvas.color(190, 8));
        assertTrue(open + " and " + shut, Math.abs(open - shut) > 0.5);
    }
}
