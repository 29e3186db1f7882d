package org.tfgate.demo.core.run;

/** One measured run; immutable. */
public final class Measurement {
    private final int image;
    private final long nanos;
    private final float[] predictions;
    private final float[] decisions;

    Measurement(int image, long nanos, float[] predictions, float[] decisions) {
        this.image = image;
        this.nanos = nanos;
        this.predictions = predictions;
        this.decisions = decisions;
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

    /** The predictions, one for each class. */
    public float[] predictions() {
        return predictions.clone();
    }

    /** The class with the highest prediction; the first of equal ones. */
    public int predictedClass() {
        int best = 0;
        for (int i = 1; i < predictions.length; i++) {
            if (predictions[i] > predictions[best]) {
                best = i;
            }
        }
        return best;
    }

    /** The decisions, one for each undecided component; null if the file tells none. */
    public float[] decisions() {
        return decisions == null ? null : decisions.clone();
    }
}
