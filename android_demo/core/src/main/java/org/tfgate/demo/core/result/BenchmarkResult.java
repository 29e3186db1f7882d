package org.tfgate.demo.core.result;

import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.device.DeviceFacts;
import org.tfgate.demo.core.device.DeviceState;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.run.ConfigurationResult;
import org.tfgate.demo.core.run.RunResult;
import org.tfgate.demo.core.run.StopReason;

/**
 * What a benchmark on a phone found: models, points, conditions; immutable. {@link ResultDocument}
 * writes it as JSON, {@link RunTable} as CSV.
 */
public final class BenchmarkResult {
    private final RunResult run;
    private final Map<String, MeasuredModel> models;
    private final String baseline;
    private final List<Point> points;
    private final DeviceFacts facts;
    private final DeviceState before;
    private final DeviceState after;
    private final String dataset;
    private final long dateMillis;
    private final List<String> notes;

    private BenchmarkResult(Builder builder) {
        run = builder.run;
        facts = builder.facts;
        before = builder.before;
        after = builder.after;
        dataset = Checks.notEmpty(builder.dataset, "dataset");
        dateMillis = builder.dateMillis;
        notes = new ArrayList<String>(builder.notes);
        baseline = builder.models.get(0).name();
        Map<String, MeasuredModel> named = new LinkedHashMap<String, MeasuredModel>();
        for (MeasuredModel model : builder.models) {
            if (named.put(model.name(), model) != null) {
                throw Checks.expected("models", "of different names", "two " + model.name());
            }
        }
        models = Collections.unmodifiableMap(named);
        List<Point> measured = new ArrayList<Point>();
        for (ConfigurationResult result : run.results()) {
            MeasuredModel model = models.get(result.configuration().model());
            if (model == null) {
                throw Checks.expected(
                        "a configuration's model", "one of " + models.keySet(),
                        result.configuration().model());
            }
            if (!result.measurements().isEmpty()) {
                measured.add(new Point(result, model.metadata()));
            }
        }
        Checks.atLeast(1, measured.size(), "the number of configurations with a finished run");
        points = Collections.unmodifiableList(measured);
    }

    /**
     * @param run what was run.
     * @param models the models that it ran, each name once; the first is the baseline, to which
     *     ratios refer.
     */
    public static Builder builder(RunResult run, List<MeasuredModel> models) {
        return new Builder(run, models);
    }

    /** What was run. */
    public RunResult run() {
        return run;
    }

    /** The models by name, the baseline first. */
    public Map<String, MeasuredModel> models() {
        return models;
    }

    /** Name of the model to which ratios refer. */
    public String baseline() {
        return baseline;
    }

    /** One for each configuration with a finished run, in the order of the plan. */
    public List<Point> points() {
        return points;
    }

    /**
     * The baseline's point with the same number of threads; null if there is none. Of several
     * settings of the baseline, the first.
     */
    public Point baselineOf(Point point) {
        for (Point each : points) {
            if (each.configuration().model().equals(baseline)
                    && each.configuration().options().threads()
                            == point.configuration().options().threads()) {
                return each;
            }
        }
        return null;
    }

    /** Device, system, runtime and app. */
    public DeviceFacts facts() {
        return facts;
    }

    /** The device before the first run. */
    public DeviceState before() {
        return before;
    }

    /** The device after the last run. */
    public DeviceState after() {
        return after;
    }

    /** Where the images come from. */
    public String dataset() {
        return dataset;
    }

    /** When it was measured: UTC, ISO 8601. */
    public String date() {
        SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'+00:00'", Locale.ROOT);
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        return format.format(new Date(dateMillis));
    }

    /** What a reader must know before trusting the numbers, one line each. */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<String>();
        if (run.reason() != StopReason.COMPLETED) {
            warnings.add("the run ended early: " + description(run.reason()));
        }
        for (ConfigurationResult result : run.results()) {
            if (result.failure() != null) {
                warnings.add(result.configuration() + " failed: " + result.failure());
            }
        }
        if (facts.isDebuggable()) {
            warnings.add("the app can be debugged: its Java code is slower than in a release");
        }
        if (run.highestThermalStatus() != ThermalStatus.NONE) {
            warnings.add(
                    "the thermal status was up to " + run.highestThermalStatus().label()
                            + ": the processor may have been throttled");
        }
        if (run.thermalWaitNanos() > 0) {
            warnings.add(
                    String.format(
                            Locale.ROOT, "the run waited %.1f s for the device to cool down",
                            run.thermalWaitNanos() / 1e9));
        }
        if (Boolean.TRUE.equals(before.powerSave()) || Boolean.TRUE.equals(after.powerSave())) {
            warnings.add("the device saved power");
        }
        warnings.addAll(notes);
        return warnings;
    }

    private static String description(StopReason reason) {
        switch (reason) {
            case STOPPED:
                return "it was stopped";
            case TIME_LIMIT:
                return "its time was used up";
            case TOO_HOT:
                return "the device stayed too hot";
            default:
                return "no configuration could be run";
        }
    }

    /** Makes {@link BenchmarkResult}s. */
    public static final class Builder {
        private final RunResult run;
        private final List<MeasuredModel> models;
        private DeviceFacts facts;
        private DeviceState before;
        private DeviceState after;
        private String dataset;
        private long dateMillis;
        private List<String> notes = Collections.emptyList();

        private Builder(RunResult run, List<MeasuredModel> models) {
            this.run = run;
            this.models = models;
        }

        /** The device, before and after the run: needed. */
        public Builder device(DeviceFacts facts, DeviceState before, DeviceState after) {
            this.facts = facts;
            this.before = before;
            this.after = after;
            return this;
        }

        /** Where the images come from: needed. */
        public Builder dataset(String value) {
            dataset = value;
            return this;
        }

        /** When it was measured, in milliseconds since 1970 in UTC: needed. */
        public Builder dateMillis(long value) {
            dateMillis = value;
            return this;
        }

        /** What else a reader must know, one line each. */
        public Builder notes(List<String> values) {
            notes = values;
            return this;
        }

        /**
         * @throws IllegalArgumentException nothing was finished, a configuration's model is not
         *     among the models, or something that is needed is missing.
         */
        public BenchmarkResult build() {
            Checks.atLeast(1, models.size(), "the number of models");
            if (facts == null || before == null || after == null) {
                throw Checks.expected("device", "given", null);
            }
            return new BenchmarkResult(this);
        }
    }
}
