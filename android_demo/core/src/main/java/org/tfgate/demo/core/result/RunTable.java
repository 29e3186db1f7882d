package org.tfgate.demo.core.result;

import java.util.List;
import org.tfgate.demo.core.run.Configuration;
import org.tfgate.demo.core.run.ConfigurationResult;
import org.tfgate.demo.core.run.Measurement;
import org.tfgate.demo.core.statistics.Statistics;

/** All runs of a result as CSV, a row each. */
public final class RunTable {
    private RunTable() {}

    /**
     * Columns: model, tau, u, threads, xnnpack, run (from 0), image (from 0), milliseconds,
     * outlier, executed_macs, predicted_class. What is not known is empty.
     *
     * @param k how many robust standard deviations from the median make an outlier, see {@link
     *     Statistics#outliers}.
     * @return the table, UTF-8.
     */
    public static byte[] write(BenchmarkResult result, double k) {
        CsvWriter csv =
                new CsvWriter(
                        "model", "tau", "u", "threads", "xnnpack", "run", "image", "milliseconds",
                        "outlier", "executed_macs", "predicted_class");
        for (ConfigurationResult each : result.run().results()) {
            if (!each.measurements().isEmpty()) {
                write(each, result, k, csv);
            }
        }
        return csv.toUtf8();
    }

    private static void write(
            ConfigurationResult each, BenchmarkResult result, double k, CsvWriter csv) {
        Configuration configuration = each.configuration();
        MeasuredModel model = result.models().get(configuration.model());
        boolean[] outliers = Statistics.of(each.milliseconds()).outliers(k);
        List<Measurement> measurements = each.measurements();
        for (int run = 0; run < measurements.size(); run++) {
            Measurement measurement = measurements.get(run);
            csv.row(
                    configuration.model(),
                    configuration.tau(),
                    configuration.u(),
                    configuration.options().threads(),
                    configuration.options().xnnpack(),
                    run,
                    measurement.image(),
                    measurement.milliseconds(),
                    outliers[run],
                    model.metadata().executedMacs(measurement.decisions(), configuration.u()),
                    measurement.predictedClass());
        }
    }
}
