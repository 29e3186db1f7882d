package org.tfgate.demo.core.run;

import java.util.BitSet;

/**
 * One measured run; immutable. Of the outputs it keeps what results need, in few bytes: a plan may
 * have thousands of runs of a network with a thousand classes.
 */
public final class Measurement {
    private final int image;
    private final long nanos;
    private final int predictedClass;
    private final float confidence;
    private final BitSet open;
    private final int decisions;

    /**
     * @param image number of the image.
     * @param nanos latency in nanoseconds.
     * @param predictions one for each class, at least one.
     * @param decisions 0 and 1, one for each undecided component; null if the file tells none.
     */
    Measurement(int image, long nanos, float[] predictions, float[] decisions) {
        this.image = image;
        this.nanos = nanos;
        predictedClass = highest(predictions);
        confidence = predictions[predictedClass];
        this.decisions = decisions == null ? 0 : decisions.length;
        open = decisions == null ? null : new BitSet(decisions.length);
        for (int i = 0; i < this.decisions; i++) {
            open.set(i, decisions[i] != 0.0f);
        }
    }

    /** Number of the image. */
    public int image() {
        return image;
    }

    /** Latency in nanoseconds. */
    public long nanos() {
        return nanos;
    }

    /** Latency in milliseconds. */
    public double milliseconds() {
        return nanos / 1e6;
    }

    /** The class with the highest prediction; the first of equal ones. */
    public int predictedClass() {
        return predictedClass;
    }

    /** The highest prediction. */
    public float confidence() {
        return confidence;
    }

    /** The decisions, 0 and 1 for each undecided component; null if the file tells none. */
    public float[] decisions() {
        if (open == null) {
            return null;
        }
        float[] values = new float[decisions];
        for (int i = 0; i < decisions; i++) {
            values[i] = open.get(i) ? 1.0f : 0.0f;
        }
        return values;
    }

    private static int highest(float[] predictions) {
        int best = 0;
        for (int i = 1; i < predictions.length; i++) {
            if (predictions[i] > predictions[best]) {
                best = i;
            }
        }
        return best;
    }
}
