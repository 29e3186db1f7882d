package org.tfgate.demo.core.result;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.run.Configuration;
import org.tfgate.demo.core.run.ConfigurationResult;
import org.tfgate.demo.core.run.Measurement;
import org.tfgate.demo.core.statistics.Statistics;

/**
 * What the runs of one configuration say; immutable. The numbers are those of {@code
 * tflite.benchmark}.
 */
public final class Point {
    private final Configuration configuration;
    private final int runs;
    private final Statistics milliseconds;
    private final double[] imageMilliseconds;
    private final double imageMean;
    private final Double executedMacs;
    private final List<float[]> decisions;
    private final Double activationRate;

    /**
     * @param result at least one run.
     * @param metadata of the model that was run.
     * @throws IllegalArgumentException there is no run.
     */
    public Point(ConfigurationResult result, ModelMetadata metadata) {
        configuration = result.configuration();
        runs = result.measurements().size();
        milliseconds = Statistics.of(result.milliseconds());
        List<List<Measurement>> byImage = byImage(result.measurements());
        imageMilliseconds = new double[byImage.size()];
        for (int i = 0; i < imageMilliseconds.length; i++) {
            imageMilliseconds[i] = median(byImage.get(i));
        }
        imageMean = Statistics.of(imageMilliseconds).mean();
        executedMacs = executedMacs(byImage, metadata, configuration.u());
        decisions = decisions(byImage, metadata);
        activationRate = decisions == null ? null : Double.valueOf(mean(decisions));
    }

    /** What was measured. */
    public Configuration configuration() {
        return configuration;
    }

    /** Number of measured runs. */
    public int runs() {
        return runs;
    }

    /** Latency of all runs, in milliseconds. */
    public Statistics milliseconds() {
        return milliseconds;
    }

    /** Median latency of each image in milliseconds, in the order of the images. */
    public double[] imageMilliseconds() {
        return imageMilliseconds.clone();
    }

    /** Mean of the images' medians in milliseconds, which outliers hardly move. */
    public double imageMean() {
        return imageMean;
    }

    /** Mean multiply-accumulates per image; null if not known. */
    public Double executedMacs() {
        return executedMacs;
    }

    /** Mean decision over images and components, in [0, 1]; null if not known. */
    public Double activationRate() {
        return activationRate;
    }

    /** Median latency over the other's. */
    public double latencyRatio(Point baseline) {
        return milliseconds.median() / baseline.milliseconds.median();
    }

    /** Executed MACs over the other's; null if not known. */
    public Double macsRatio(Point baseline) {
        if (executedMacs == null || baseline.executedMacs == null) {
            return null;
        }
        return executedMacs / baseline.executedMacs;
    }

    /**
     * (T_baseline / T) / (MACs_baseline / MACs), T the mean of the images' medians: 1 where time
     * falls as MACs do; null if MACs are not known.
     */
    public Double skipEfficiency(Point baseline) {
        Double macs = macsRatio(baseline);
        return macs == null ? null : Double.valueOf(macs / (imageMean / baseline.imageMean));
    }

    /**
     * Decisions of all components, a row for each image; one row where none depends on the image;
     * null if not known.
     */
    List<float[]> decisions() {
        return decisions;
    }

    /** The runs of image 0, 1, ...: images are taken in turn, so only the last may be missing. */
    private static List<List<Measurement>> byImage(List<Measurement> measurements) {
        List<List<Measurement>> byImage = new ArrayList<List<Measurement>>();
        for (Measurement measurement : measurements) {
            while (byImage.size() <= measurement.image()) {
                byImage.add(new ArrayList<Measurement>());
            }
            byImage.get(measurement.image()).add(measurement);
        }
        return byImage;
    }

    private static double median(List<Measurement> measurements) {
        double[] milliseconds = new double[measurements.size()];
        for (int i = 0; i < milliseconds.length; i++) {
            milliseconds[i] = measurements.get(i).milliseconds();
        }
        return Statistics.of(milliseconds).median();
    }

    private static Double executedMacs(
            List<List<Measurement>> byImage, ModelMetadata metadata, Double u) {
        double sum = 0.0;
        for (List<Measurement> image : byImage) {
            Double macs = metadata.executedMacs(image.get(0).decisions(), u);
            if (macs == null) {
                return null;
            }
            sum += macs;
        }
        return sum / byImage.size();
    }

    private static List<float[]> decisions(
            List<List<Measurement>> byImage, ModelMetadata metadata) {
        List<float[]> rows = new ArrayList<float[]>();
        int images = metadata.undecided() == 0 ? 1 : byImage.size();
        for (List<Measurement> image : byImage.subList(0, images)) {
            float[] all = metadata.allDecisions(image.get(0).decisions());
            if (all == null) {
                return null;
            }
            rows.add(all);
        }
        return Collections.unmodifiableList(rows);
    }

    private static double mean(List<float[]> rows) {
        double sum = 0.0;
        for (float[] row : rows) {
            for (float decision : row) {
                sum += decision;
            }
        }
        return sum / (rows.size() * rows.get(0).length);
    }
}
