package org.tfgate.demo.app.bench;

import java.io.File;
import org.tfgate.demo.core.result.BenchmarkResult;
import org.tfgate.demo.core.run.ConfigurationResult;

/** What became of a run; immutable. */
public final class BenchOutcome {
    private final BenchmarkResult result;
    private final File json;
    private final File csv;
    private final String failure;

    BenchOutcome(BenchmarkResult result, File json, File csv, String failure) {
        this.result = result;
        this.json = json;
        this.csv = csv;
        this.failure = failure;
    }

    /** What was measured, of all or of a part; null if nothing was. */
    public BenchmarkResult result() {
        return result;
    }

    /** The result as JSON; null if it was not written. */
    public File json() {
        return json;
    }

    /** All runs as CSV; null if they were not written. */
    public File csv() {
        return csv;
    }

    /**
     * Why there is no result, or only a part of it, or no file; one line for people. Null if all
     * that was asked for was measured and written.
     */
    public String failure() {
        return failure;
    }

    /** Number of measured runs. */
    public int runs() {
        int runs = 0;
        if (result != null) {
            for (ConfigurationResult each : result.run().results()) {
                runs += each.measurements().size();
            }
        }
        return runs;
    }
}
