package org.tfgate.demo.core.result;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.tfgate.demo.core.device.BatteryStatus;
import org.tfgate.demo.core.device.CpuCore;
import org.tfgate.demo.core.device.DeviceFacts;
import org.tfgate.demo.core.device.DeviceState;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.json.JsonWriter;
import org.tfgate.demo.core.metadata.Gate;
import org.tfgate.demo.core.metadata.Macs;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.run.EngineStart;
import org.tfgate.demo.core.run.RunPlan;

/**
 * A result as JSON, in version 4 of the benchmark's schema ({@code tflite/schema}), which {@code
 * tflite.report} reads.
 */
public final class ResultDocument {
    private static final String SCHEMA = "tfgate.benchmark";
    private static final int SCHEMA_VERSION = 4;
    private static final double NANOS_PER_MILLISECOND = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final String PROGRAM = "android_demo";

    private final BenchmarkResult result;
    private final JsonWriter json = new JsonWriter();

    private ResultDocument(BenchmarkResult result) {
        this.result = result;
    }

    /** The document, UTF-8. */
    public static byte[] write(BenchmarkResult result) {
        return new ResultDocument(result).write();
    }

    private byte[] write() {
        json.beginObject();
        json.name("schema").value(SCHEMA).name("schema_version").value(SCHEMA_VERSION);
        json.name("baseline").value(result.baseline());
        json.name("files").beginArray();
        for (MeasuredModel model : result.models().values()) {
            writeFile(model);
        }
        json.endArray();
        json.name("points").beginArray();
        for (Point point : result.points()) {
            writePoint(point);
        }
        json.endArray();
        json.name("warnings").value(result.warnings());
        json.name("conditions");
        writeConditions();
        return json.endObject().toUtf8();
    }

    private void writeFile(MeasuredModel model) {
        ModelMetadata metadata = model.metadata();
        json.beginObject();
        json.name("name").value(model.name()).name("role").value(role(model));
        json.name("file").value(model.fileName());
        json.name("file_bytes").value(metadata.fileBytes());
        json.name("sha256").value(metadata.sha256());
        json.name("source_sha256").value(metadata.sourceSha256());
        json.name("model").value(metadata.model());
        json.name("lowering").value(metadata.lowering());
        json.name("quantization").value(metadata.quantization());
        json.name("dial").value(metadata.dial() == null ? null : metadata.dial().label());
        Macs macs = metadata.macs();
        json.name("macs").beginObject();
        json.name("dense").value(macs.dense()).name("all_open").value(macs.allOpen());
        json.name("all_closed").value(macs.allClosed()).endObject();
        json.name("gates").beginArray();
        for (Gate gate : metadata.gates()) {
            json.beginObject();
            json.name("block").value(gate.block()).name("gate").value(gate.name());
            json.name("components").value(gate.components().size());
            json.name("lowering").value(gate.lowering()).endObject();
        }
        json.endArray();
        json.name("cold_start");
        writeStarts(model);
        json.endObject();
    }

    private void writeStarts(MeasuredModel model) {
        json.beginArray();
        for (EngineStart start : result.run().starts()) {
            if (start.model().equals(model.name())) {
                json.beginObject();
                json.name("threads").value(start.options().threads());
                json.name("load_ms").value(start.loadNanos() / NANOS_PER_MILLISECOND);
                json.name("first_run_ms").value(start.firstRunNanos() / NANOS_PER_MILLISECOND);
                json.name("fresh_process").value(false).endObject();
            }
        }
        json.endArray();
    }

    private String role(MeasuredModel model) {
        if (model.name().equals(result.baseline())) {
            return "baseline";
        }
        return model.metadata().isStatic() ? "static" : "model";
    }

    private void writePoint(Point point) {
        Point baseline = result.baselineOf(point);
        json.beginObject();
        json.name("file").value(point.configuration().model());
        json.name("tau").value(point.configuration().tau());
        json.name("u").value(point.configuration().u());
        json.name("threads").value(point.configuration().options().threads());
        json.name("batch").value(1);
        json.name("runs").value(point.runs());
        json.name("latency_ms").beginObject();
        for (int percent : new int[] {50, 90, 99}) {
            json.name("p" + percent).value(point.milliseconds().percentile(percent));
        }
        json.name("mean").value(point.milliseconds().mean());
        json.name("std").value(point.milliseconds().populationStandardDeviation());
        json.name("image_mean").value(point.imageMean()).endObject();
        json.name("image_ms").value(point.imageMilliseconds());
        json.name("executed_macs_mean").value(point.executedMacs());
        json.name("activation_rate").value(point.activationRate());
        json.name("decisions");
        writeDecisions(point.decisions());
        json.name("ratio_p50");
        json.value(baseline == null ? null : Double.valueOf(point.latencyRatio(baseline)));
        json.name("macs_ratio").value(baseline == null ? null : point.macsRatio(baseline));
        json.name("skip_efficiency");
        json.value(baseline == null ? null : point.skipEfficiency(baseline));
        json.endObject();
    }

    private void writeDecisions(List<float[]> decisions) {
        if (decisions == null) {
            json.nullValue();
            return;
        }
        json.beginObject().name("images").value(decisions.size());
        json.name("components").value(decisions.get(0).length);
        json.name("bits").value(DecisionBits.pack(decisions)).endObject();
    }

    private void writeConditions() {
        RunPlan plan = result.run().plan();
        json.beginObject();
        json.name("program").value(PROGRAM);
        json.name("dataset").value(result.dataset());
        json.name("samples").value(samples());
        json.name("runs").value(plan.runs());
        json.name("warmup").value(plan.warmupRuns());
        json.name("threads").value(threads());
        json.name("batches").value(new int[] {1});
        json.name("seed").value(plan.seed());
        json.name("ended").value(result.run().reason().label());
        json.name("thermal_wait_seconds");
        json.value(result.run().thermalWaitNanos() / NANOS_PER_SECOND);
        json.name("machine");
        writeMachine();
        json.name("frequency_mhz_after").value(result.after().frequencyMhz());
        json.name("date").value(result.date());
        json.name("git_commit").value(result.facts().commit());
        json.name("versions").value(versions());
        json.name("device");
        writeDevice();
        json.endObject();
    }

    /** Images that any run took: fewer than planned if it was stopped. */
    private int samples() {
        int samples = 0;
        for (Point point : result.points()) {
            samples = Math.max(samples, point.imageMilliseconds().length);
        }
        return samples;
    }

    private int[] threads() {
        TreeSet<Integer> different = new TreeSet<Integer>();
        for (Point point : result.points()) {
            different.add(point.configuration().options().threads());
        }
        int[] threads = new int[different.size()];
        int next = 0;
        for (int each : different) {
            threads[next++] = each;
        }
        return threads;
    }

    private void writeMachine() {
        DeviceFacts facts = result.facts();
        String version = facts.androidVersion();
        json.beginObject();
        json.name("processor").value(facts.processor());
        json.name("architecture").value(facts.architecture());
        json.name("cores").value(facts.cores());
        json.name("system").value(version == null ? "Android" : "Android " + version);
        json.name("frequency_mhz").value(result.before().frequencyMhz()).endObject();
    }

    private Map<String, String> versions() {
        DeviceFacts facts = result.facts();
        Map<String, String> versions = new LinkedHashMap<String, String>();
        versions.put("app", facts.appVersion());
        versions.put(facts.runtime(), facts.runtimeVersion());
        return versions;
    }

    private void writeDevice() {
        DeviceFacts facts = result.facts();
        DeviceState before = result.before();
        DeviceState after = result.after();
        json.beginObject();
        json.name("manufacturer").value(facts.manufacturer());
        json.name("model").value(facts.model());
        json.name("soc").value(facts.soc());
        json.name("android_version").value(facts.androidVersion());
        json.name("android_api").value(facts.androidApi());
        json.name("runtime").value(facts.runtime());
        json.name("runtime_version").value(facts.runtimeVersion());
        json.name("delegates").value(facts.delegates());
        json.name("app_version").value(facts.appVersion());
        json.name("debuggable").value(facts.isDebuggable());
        json.name("cores");
        writeCores();
        json.name("thermal_status_before").value(label(before.thermalStatus()));
        json.name("thermal_status_after").value(label(after.thermalStatus()));
        json.name("thermal_status_highest");
        json.value(label(after.thermalStatus() == null ? null : highest()));
        json.name("battery_percent_before").value(before.batteryPercent());
        json.name("battery_percent_after").value(after.batteryPercent());
        json.name("battery_celsius_before").value(before.batteryCelsius());
        json.name("battery_celsius_after").value(after.batteryCelsius());
        json.name("battery_status_before").value(label(before.batteryStatus()));
        json.name("battery_status_after").value(label(after.batteryStatus()));
        json.name("charging").value(before.charging());
        json.name("power_save").value(before.powerSave());
        json.endObject();
    }

    private void writeCores() {
        List<CpuCore> cores = result.facts().coreList();
        json.beginArray();
        for (int i = 0; i < cores.size(); i++) {
            json.beginObject().name("number").value(cores.get(i).number());
            json.name("min_mhz").value(cores.get(i).minimumMhz());
            json.name("max_mhz").value(cores.get(i).maximumMhz());
            json.name("mhz_before").value(megahertz(result.before(), i));
            json.name("mhz_after").value(megahertz(result.after(), i)).endObject();
        }
        json.endArray();
    }

    private static Double megahertz(DeviceState state, int core) {
        return core < state.coreMhz().size() ? state.coreMhz().get(core) : null;
    }

    /** Of the states before and after, and of all that were seen between runs. */
    private ThermalStatus highest() {
        ThermalStatus highest = result.run().highestThermalStatus();
        for (DeviceState state : Arrays.asList(result.before(), result.after())) {
            ThermalStatus status = state.thermalStatus();
            if (status != null && status.compareTo(highest) > 0) {
                highest = status;
            }
        }
        return highest;
    }

    private static String label(ThermalStatus status) {
        return status == null ? null : status.label();
    }

    private static String label(BatteryStatus status) {
        return status == null ? null : status.label();
    }
}
