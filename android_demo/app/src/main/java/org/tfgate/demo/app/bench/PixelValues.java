package org.tfgate.demo.app.bench;

import org.tfgate.demo.core.metadata.ModelInput;

/** From a picture's pixels to the numbers that a model takes. */
final class PixelValues {
    private static final double HIGHEST = 255.0;
    private static final int GRAY = 1;
    private static final int COLOURS = 3;

    // How bright red, green and blue are to the eye (ITU-R BT.601), as TensorFlow has it.
    private static final double[] BRIGHTNESS = {0.299, 0.587, 0.114};

    private final ModelInput input;
    private final float[] values;
    private final double[] factor = new double[COLOURS];
    private final double[] offset = new double[COLOURS];

    /**
     * @param model what messages call the model.
     * @throws BenchException it is not known which numbers the model takes.
     */
    PixelValues(String model, ModelInput input) throws BenchException {
        this.input = input;
        double[] range = input.valueRange();
        if (range == null) {
            throw new BenchException(
                    "Expected " + model + " to tell the range of its pixels, got a network that"
                            + " does not normalize them itself.");
        }
        if (input.channels() != GRAY && input.channels() != COLOURS) {
            throw new BenchException(
                    "Expected " + model + " to take pictures of 1 or 3 channels, got "
                            + input.channels() + ".");
        }
        values = new float[input.size()];
        for (int channel = 0; channel < input.channels(); channel++) {
            double mean = 0.0;
            double std = 1.0;
            if (!input.isNormalizedInGraph() && input.mean() != null && input.std() != null) {
                mean = of(input.mean(), channel);
                std = of(input.std(), channel);
            }
            factor[channel] = (range[1] - range[0]) / HIGHEST / std;
            offset[channel] = (range[0] - mean) / std;
        }
    }

    /** One for all channels, or one for each. */
    private static double of(double[] numbers, int channel) {
        return numbers.length == 1 ? numbers[0] : numbers[channel];
    }

    ModelInput input() {
        return input;
    }

    /** The numbers: the same array with each call. */
    float[] of(Picture picture) {
        int next = 0;
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                if (input.channels() == GRAY) {
                    values[next++] = number(gray(picture, x, y), 0);
                    continue;
                }
                for (int channel = 0; channel < COLOURS; channel++) {
                    values[next++] = number(picture.value(x, y, channel), channel);
                }
            }
        }
        return values;
    }

    private static double gray(Picture picture, int x, int y) {
        double gray = 0.0;
        for (int channel = 0; channel < COLOURS; channel++) {
            gray += BRIGHTNESS[channel] * picture.value(x, y, channel);
        }
        return Math.round(gray);
    }

    private float number(double value, int channel) {
        return (float) (value * factor[channel] + offset[channel]);
    }
}
