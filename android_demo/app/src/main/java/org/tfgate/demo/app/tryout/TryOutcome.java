package org.tfgate.demo.app.tryout;

import org.tfgate.demo.app.bench.Picture;

/** What came of a request; immutable. */
final class TryOutcome {
    final TryRequest request;
    final long nanos;
    final float[] predictions;
    final float[] decisions;
    final Picture picture;

    /**
     * @param nanos latency in nanoseconds.
     * @param predictions one for each class.
     * @param decisions one for each undecided component; null if the file tells none.
     * @param picture as the model saw it.
     */
    TryOutcome(
            TryRequest request, long nanos, float[] predictions, float[] decisions,
            Picture picture) {
        this.request = request;
        this.nanos = nanos;
        this.predictions = predictions.clone();
        this.decisions = decisions == null ? null : decisions.clone();
        this.picture = picture;
    }
}
