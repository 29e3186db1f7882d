package org.tfgate.demo.app.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import org.tfgate.demo.core.Checks;

/** What somebody wants to be measured; immutable. A value that is there twice counts once. */
public final class BenchCommand {
    private final List<String> models;
    private final int runs;
    private final int warmup;
    private final List<Integer> threads;
    private final List<Double> taus;
    private final List<Double> us;
    private final boolean xnnpack;
    private final long seed;
    private final String resultName;

    private BenchCommand(Builder builder) {
        models = different(builder.models);
        Checks.atLeast(1, models.size(), "the number of models");
        for (String model : models) {
            Checks.notEmpty(model, "a model");
        }
        runs = Checks.atLeast(1, builder.runs, "runs");
        warmup = Checks.atLeast(0, builder.warmup, "warmup");
        threads = different(builder.threads);
        Checks.atLeast(1, threads.size(), "the number of threads");
        for (int number : threads) {
            Checks.atLeast(1, number, "threads");
        }
        taus = settings(builder.taus, "tau");
        us = settings(builder.us, "u");
        xnnpack = builder.xnnpack;
        seed = builder.seed;
        resultName = builder.resultName;
        if (resultName != null && !ResultFolder.isName(resultName)) {
            throw Checks.expected(
                    "result", "a name of letters, digits, '_', '-' and '.'", resultName);
        }
    }

    /** A builder: 100 runs after 10 for warming up, one thread, XNNPACK, no result's name. */
    public static Builder builder(List<String> models) {
        return new Builder(models);
    }

    /** Names of models; the first is the baseline. */
    public List<String> models() {
        return models;
    }

    /** Number of measured runs of each configuration, at least 1. */
    public int runs() {
        return runs;
    }

    /** Number of runs before, which do not count, at least 0. */
    public int warmup() {
        return warmup;
    }

    /** Numbers of threads, each at least 1. */
    public List<Integer> threads() {
        return threads;
    }

    /** Settings in [0, 1] of models with an input τ; empty for their own. */
    public List<Double> taus() {
        return taus;
    }

    /** Settings in [0, 1] of models with an input u; empty for their own. */
    public List<Double> us() {
        return us;
    }

    /** Whether XNNPACK runs what it can. */
    public boolean xnnpack() {
        return xnnpack;
    }

    /** Root of the order in which configurations take their turns. */
    public long seed() {
        return seed;
    }

    /** Name of the result's files without ending; null to write none. */
    public String resultName() {
        return resultName;
    }

    private static List<Double> settings(List<Double> values, String name) {
        for (double value : values) {
            Checks.within(0.0, 1.0, value, name);
        }
        return different(values);
    }

    private static <T> List<T> different(List<T> values) {
        return Collections.unmodifiableList(new ArrayList<T>(new LinkedHashSet<T>(values)));
    }

    /** Makes {@link BenchCommand}s. */
    public static final class Builder {
        private final List<String> models;
        private int runs = 100;
        private int warmup = 10;
        private List<Integer> threads = Arrays.asList(1);
        private List<Double> taus = Collections.emptyList();
        private List<Double> us = Collections.emptyList();
        private boolean xnnpack = true;
        private long seed;
        private String resultName;

        private Builder(List<String> models) {
            this.models = models;
        }

        /** See {@link BenchCommand#runs()}. */
        public Builder runs(int value) {
            runs = value;
            return this;
        }

        /** See {@link BenchCommand#warmup()}. */
        public Builder warmup(int value) {
            warmup = value;
            return this;
        }

        /** See {@link BenchCommand#threads()}. */
        public Builder threads(List<Integer> values) {
            threads = values;
            return this;
        }

        /** See {@link BenchCommand#taus()}. */
        public Builder taus(List<Double> values) {
            taus = values;
            return this;
        }

        /** See {@link BenchCommand#us()}. */
        public Builder us(List<Double> values) {
            us = values;
            return this;
        }

        /** See {@link BenchCommand#xnnpack()}. */
        public Builder xnnpack(boolean value) {
            xnnpack = value;
            return this;
        }

        /** See {@link BenchCommand#seed()}. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** See {@link BenchCommand#resultName()}. */
        public Builder resultName(String value) {
            resultName = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException a value is out of its range.
         */
        public BenchCommand build() {
            return new BenchCommand(this);
        }
    }
}
