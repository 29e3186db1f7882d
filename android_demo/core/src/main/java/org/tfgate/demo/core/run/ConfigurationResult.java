package org.tfgate.demo.core.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What was measured of one configuration; immutable. */
public final class ConfigurationResult {
    private final Configuration configuration;
    private final List<Measurement> measurements;
    private final String failure;

    /**
     * @param failure why no more runs were made; null if nothing failed.
     */
    public ConfigurationResult(
            Configuration configuration, List<Measurement> measurements, String failure) {
        this.configuration = configuration;
        this.measurements = Collections.unmodifiableList(new ArrayList<Measurement>(measurements));
        this.failure = failure;
    }

    /** What was measured. */
    public Configuration configuration() {
        return configuration;
    }

    /** The finished runs, in their order: as many as planned, or fewer. */
    public List<Measurement> measurements() {
        return measurements;
    }

    /** Why no more runs were made, one line for people; null if nothing failed. */
    public String failure() {
        return failure;
    }

    /** Latencies in milliseconds, in the order of the runs. */
    public double[] milliseconds() {
        double[] milliseconds = new double[measurements.size()];
        for (int i = 0; i < milliseconds.length; i++) {
            milliseconds[i] = measurements.get(i).milliseconds();
        }
        return milliseconds;
    }
}
