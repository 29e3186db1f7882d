package org.tfgate.demo.app.bench;

import java.util.Locale;
import org.tfgate.demo.core.run.Progress;

/** What a computer reads in the log of the device. */
public final class ProtocolLines {
    /** Tag of the one line at the end. */
    public static final String END_TAG = "tfgate-bench";

    /** Tag of the lines meanwhile. */
    public static final String PROGRESS_TAG = "tfgate-progress";

    // The log cuts lines of some 4000 bytes.
    private static final int LONGEST = 1000;

    private ProtocolLines() {}

    /** The line at the end of a run. */
    public static String end(String resultName, BenchOutcome outcome) {
        if (outcome.failure() == null && outcome.json() != null) {
            return "done result=" + resultName + " file=" + outcome.json().getAbsolutePath()
                    + " runs=" + outcome.runs();
        }
        String kept =
                outcome.json() == null
                        ? ""
                        : " (what was finished: " + outcome.json().getAbsolutePath() + ")";
        return failed(resultName, outcome.failure(), kept);
    }

    /** The line of a run that did not begin. */
    public static String failed(String resultName, String reason) {
        return failed(resultName, reason, "");
    }

    private static String failed(String resultName, String reason, String end) {
        String line = reason.replaceAll("\\s+", " ").trim();
        if (line.length() > LONGEST) {
            line = line.substring(0, LONGEST) + "...";
        }
        return "failed result=" + resultName + " reason=" + line + end;
    }

    /** How far a run is. */
    public static String progress(Progress progress) {
        return progress.phase().name().toLowerCase(Locale.ROOT) + ", "
                + progress.finishedRuns() + " of " + progress.totalRuns() + " runs, thermal status "
                + progress.thermalStatus().label();
    }
}
