package org.tfgate.demo.app.adapt;

import java.util.List;
import org.tfgate.demo.core.result.CsvWriter;

/** All samples as CSV, a row each. */
final class AdaptTable {
    private AdaptTable() {}

    /**
     * Columns: model, target_ms, seconds (since the start), runs, latency_ms (median), u,
     * thermal_status, executed_macs (mean). What is not known is empty.
     *
     * @return the table, UTF-8.
     */
    static byte[] write(String model, double targetMs, List<AdaptSample> samples) {
        CsvWriter csv =
                new CsvWriter(
                        "model", "target_ms", "seconds", "runs", "latency_ms", "u",
                        "thermal_status", "executed_macs");
        for (AdaptSample sample : samples) {
            csv.row(
                    model, targetMs, sample.seconds, sample.runs, sample.milliseconds, sample.u,
                    sample.status.label(), sample.executedMacs);
        }
        return csv.toUtf8();
    }
}
