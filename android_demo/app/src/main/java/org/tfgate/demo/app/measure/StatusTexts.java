package org.tfgate.demo.app.measure;

import java.util.ArrayList;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.run.Progress;

/** Progress and thermal status in words. */
public final class StatusTexts {
    private StatusTexts() {}

    /** The name of a thermal status. */
    public static String of(ThermalStatus status, Texts texts) {
        switch (status) {
            case NONE:
                return texts.get(R.string.thermal_none);
            case LIGHT:
                return texts.get(R.string.thermal_light);
            case MODERATE:
                return texts.get(R.string.thermal_moderate);
            case SEVERE:
                return texts.get(R.string.thermal_severe);
            case CRITICAL:
                return texts.get(R.string.thermal_critical);
            case EMERGENCY:
                return texts.get(R.string.thermal_emergency);
            default:
                return texts.get(R.string.thermal_shutdown);
        }
    }

    /** Names of all, the coolest first. */
    public static List<String> all(Texts texts) {
        List<String> names = new ArrayList<String>();
        for (ThermalStatus status : ThermalStatus.values()) {
            names.add(of(status, texts));
        }
        return names;
    }

    /**
     * How far a run is.
     *
     * @param progress null before the first news.
     */
    static String of(Progress progress, Texts texts) {
        if (progress == null) {
            return texts.get(R.string.progress_preparing);
        }
        switch (progress.phase()) {
            case LOADING:
                return texts.get(R.string.progress_loading);
            case WARMUP:
                return texts.get(R.string.progress_warmup);
            case COOLING:
                return texts.get(
                        R.string.progress_cooling, of(progress.thermalStatus(), texts));
            default:
                return texts.get(
                        R.string.progress_runs, progress.finishedRuns(), progress.totalRuns());
        }
    }
}
