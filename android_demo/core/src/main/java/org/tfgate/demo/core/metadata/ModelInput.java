package org.tfgate.demo.core.metadata;

/** The input image of a file; immutable. */
public final class ModelInput {
    private final String name;
    private final int[] shape;
    private final String dtype;
    private final double[] valueRange;
    private final boolean normalizedInGraph;
    private final double[] mean;
    private final double[] std;

    ModelInput(
            String name, int[] shape, String dtype, double[] valueRange,
            boolean normalizedInGraph, double[] mean, double[] std) {
        this.name = name;
        this.shape = shape.clone();
        this.dtype = dtype;
        this.valueRange = copy(valueRange);
        this.normalizedInGraph = normalizedInGraph;
        this.mean = copy(mean);
        this.std = copy(std);
    }

    /** Name in the signature, such as "images". */
    public String name() {
        return name;
    }

    /** Shape with the batch of 1: [1, height, width, channels]. */
    public int[] shape() {
        return shape.clone();
    }

    /** Height of the image in pixels. */
    public int height() {
        return shape[1];
    }

    /** Width of the image in pixels. */
    public int width() {
        return shape[2];
    }

    /** Channels of the image: 1 for gray, 3 for red, green and blue. */
    public int channels() {
        return shape[3];
    }

    /** How many numbers an image is. */
    public int size() {
        return shape[1] * shape[2] * shape[3];
    }

    /** Type of the numbers, such as "float32". */
    public String dtype() {
        return dtype;
    }

    /** Lowest and highest value of a pixel; null if not known. */
    public double[] valueRange() {
        return copy(valueRange);
    }

    /** Whether the file normalizes pixels; else the caller has to. */
    public boolean isNormalizedInGraph() {
        return normalizedInGraph;
    }

    /** Mean of each channel, or one for all, in the pixels' range; null if not known. */
    public double[] mean() {
        return copy(mean);
    }

    /** Standard deviation of each channel, or one for all; null if not known. */
    public double[] std() {
        return copy(std);
    }

    private static double[] copy(double[] values) {
        return values == null ? null : values.clone();
    }
}
