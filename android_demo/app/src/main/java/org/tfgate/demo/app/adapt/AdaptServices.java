package org.tfgate.demo.app.adapt;

import org.tfgate.demo.app.bench.PictureFiles;
import org.tfgate.demo.core.run.Clock;
import org.tfgate.demo.core.run.EngineSource;
import org.tfgate.demo.core.run.ThermalSource;

/** What the loop needs of the phone; immutable. */
public final class AdaptServices {
    final EngineSource engines;
    final PictureFiles pictures;
    final long pictureBytes;
    final ThermalSource thermal;
    final boolean tellsThermalStatus;
    final Clock clock;

    /**
     * @param pictures what the network sees, in turn.
     * @param pictureBytes how much memory pictures may take, in bytes.
     * @param tellsThermalStatus whether this version of Android tells how hot the phone is.
     */
    public AdaptServices(
            EngineSource engines, PictureFiles pictures, long pictureBytes,
            ThermalSource thermal, boolean tellsThermalStatus, Clock clock) {
        this.engines = engines;
        this.pictures = pictures;
        this.pictureBytes = pictureBytes;
        this.thermal = thermal;
        this.tellsThermalStatus = tellsThermalStatus;
        this.clock = clock;
    }
}
