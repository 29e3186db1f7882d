package org.tfgate.demo.app.tryout;

import org.tfgate.demo.app.bench.PictureFiles;
import org.tfgate.demo.app.models.ModelEntry;

/** What is to be run; immutable. */
final class TryRequest {
    final ModelEntry model;
    final PictureFiles pictures;
    final String picture;
    final double tau;
    final double u;

    /**
     * @param pictures where the picture is.
     * @param picture its name there.
     * @param tau in [0, 1]; used if the model has the input.
     * @param u in [0, 1]; used if the model has the input.
     */
    TryRequest(
            ModelEntry model, PictureFiles pictures, String picture, double tau, double u) {
        this.model = model;
        this.pictures = pictures;
        this.picture = picture;
        this.tau = tau;
        this.u = u;
    }
}
