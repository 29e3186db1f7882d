package org.tfgate.demo.core.device;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tfgate.demo.core.Checks;

/**
 * What a result says about where it comes from: device, system, runtime and app; immutable. Null is
 * what the device does not tell.
 */
public final class DeviceFacts {
    private final String manufacturer;
    private final String model;
    private final String soc;
    private final String architecture;
    private final String androidVersion;
    private final Integer androidApi;
    private final List<CpuCore> cores;
    private final String runtime;
    private final String runtimeVersion;
    private final List<String> delegates;
    private final String appVersion;
    private final String commit;
    private final boolean debuggable;

    private DeviceFacts(Builder builder) {
        model = Checks.notEmpty(builder.model, "model");
        architecture = Checks.notEmpty(builder.architecture, "architecture");
        manufacturer = builder.manufacturer;
        soc = builder.soc;
        androidVersion = builder.androidVersion;
        androidApi = builder.androidApi;
        cores = Collections.unmodifiableList(new ArrayList<CpuCore>(builder.cores));
        Checks.atLeast(1, cores.size(), "the number of cores");
        runtime = Checks.notEmpty(builder.runtime, "runtime");
        runtimeVersion = Checks.notEmpty(builder.runtimeVersion, "runtimeVersion");
        delegates = Collections.unmodifiableList(new ArrayList<String>(builder.delegates));
        appVersion = Checks.notEmpty(builder.appVersion, "appVersion");
        commit = builder.commit;
        debuggable = builder.debuggable;
    }

    /**
     * A builder with what every device knows; the rest is null, empty or false.
     *
     * @param model as {@code Build.MODEL}.
     * @param architecture such as "arm64-v8a".
     * @param cores of the processor, one or more, in the system's order.
     */
    public static Builder builder(String model, String architecture, List<CpuCore> cores) {
        return new Builder(model, architecture, cores);
    }

    /** Who made it; null if not known. */
    public String manufacturer() {
        return manufacturer;
    }

    /** Name of the device. */
    public String model() {
        return model;
    }

    /** System on a chip; null if not known (Android tells since API level 31). */
    public String soc() {
        return soc;
    }

    /** Of the processor, such as "arm64-v8a". */
    public String architecture() {
        return architecture;
    }

    /** Such as "15"; null if not known. */
    public String androidVersion() {
        return androidVersion;
    }

    /** API level; null if not known. */
    public Integer androidApi() {
        return androidApi;
    }

    /** Number of cores. */
    public int cores() {
        return cores.size();
    }

    /** The cores, in the system's order. */
    public List<CpuCore> coreList() {
        return cores;
    }

    /** The processor in words, such as "SoC 1, 4 x 1800 MHz, 4 x 2800 MHz"; null if not known. */
    public String processor() {
        StringBuilder text = new StringBuilder(soc == null ? "" : soc);
        for (Map.Entry<Integer, Integer> kind : coresByMaximumMhz().entrySet()) {
            text.append(text.length() == 0 ? "" : ", ").append(kind.getValue()).append(" x ");
            text.append(kind.getKey()).append(" MHz");
        }
        return text.length() == 0 ? null : text.toString();
    }

    private Map<Integer, Integer> coresByMaximumMhz() {
        Map<Integer, Integer> counts = new TreeMap<Integer, Integer>();
        for (CpuCore core : cores) {
            Integer frequency = core.maximumMhz();
            if (frequency != null) {
                Integer before = counts.get(frequency);
                counts.put(frequency, before == null ? 1 : before + 1);
            }
        }
        return counts;
    }

    /** What runs models, such as "tensorflow-lite". */
    public String runtime() {
        return runtime;
    }

    /** Its version. */
    public String runtimeVersion() {
        return runtimeVersion;
    }

    /** Delegates in use, such as "xnnpack". */
    public List<String> delegates() {
        return delegates;
    }

    /** Version of the app. */
    public String appVersion() {
        return appVersion;
    }

    /** Commit that the app was built from; null if not known. */
    public String commit() {
        return commit;
    }

    /** Whether the app can be debugged, which makes its Java code slower. */
    public boolean isDebuggable() {
        return debuggable;
    }

    /** Makes {@link DeviceFacts}. */
    public static final class Builder {
        private final String model;
        private final String architecture;
        private final List<CpuCore> cores;
        private String manufacturer;
        private String soc;
        private String androidVersion;
        private Integer androidApi;
        private String runtime;
        private String runtimeVersion;
        private List<String> delegates = Collections.emptyList();
        private String appVersion;
        private String commit;
        private boolean debuggable;

        private Builder(String model, String architecture, List<CpuCore> cores) {
            this.model = model;
            this.architecture = architecture;
            this.cores = cores;
        }

        /** See {@link DeviceFacts#manufacturer()}. */
        public Builder manufacturer(String value) {
            manufacturer = value;
            return this;
        }

        /** See {@link DeviceFacts#soc()}. */
        public Builder soc(String value) {
            soc = value;
            return this;
        }

        /** See {@link DeviceFacts#androidVersion()} and {@link DeviceFacts#androidApi()}. */
        public Builder android(String version, int api) {
            androidVersion = version;
            androidApi = Checks.atLeast(1, api, "androidApi");
            return this;
        }

        /** What runs models: needed. */
        public Builder runtime(String name, String version, List<String> delegates) {
            runtime = name;
            runtimeVersion = version;
            this.delegates = delegates;
            return this;
        }

        /**
         * The app: needed.
         *
         * @param commit null if not known.
         */
        public Builder app(String version, String commit, boolean debuggable) {
            appVersion = version;
            this.commit = commit;
            this.debuggable = debuggable;
            return this;
        }

        /**
         * @throws IllegalArgumentException something that is needed is missing, or out of its
         *     range.
         */
        public DeviceFacts build() {
            return new DeviceFacts(this);
        }
    }
}
