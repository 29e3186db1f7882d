package org.tfgate.demo.app.adapt;

import org.tfgate.demo.app.models.ModelEntry;

/** What is to be done; immutable. */
final class AdaptPlan {
    final ModelEntry model;
    final double targetShare;
    final double seconds;
    final String resultName;

    /**
     * @param model with an input τ or u.
     * @param targetShare the latency to be held, as a share of that of the whole network, above 0.
     * @param seconds how long.
     * @param resultName name of the table, without ending.
     */
    AdaptPlan(ModelEntry model, double targetShare, double seconds, String resultName) {
        this.model = model;
        this.targetShare = targetShare;
        this.seconds = seconds;
        this.resultName = resultName;
    }
}
