package org.tfgate.demo.core.result;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TimeZone;
import org.junit.Before;
import org.junit.Test;
import org.tfgate.demo.core.TestFiles;
import org.tfgate.demo.core.device.BatteryStatus;
import org.tfgate.demo.core.device.CpuCore;
import org.tfgate.demo.core.device.DeviceFacts;
import org.tfgate.demo.core.device.DeviceState;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonReader;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.metadata.MetadataFiles;
import org.tfgate.demo.core.run.Configuration;
import org.tfgate.demo.core.run.FakePhone;
import org.tfgate.demo.core.run.RunPlan;
import org.tfgate.demo.core.run.RunResult;

/** Documents of runs on a fake phone. They are kept in target/results, for Python to validate. */
public final class ResultDocumentTest {
    private static final EngineOptions OPTIONS = new EngineOptions("serving_default", 1, true);
    private static final long SECOND = 1000000000L;

    private FakePhone phone;
    private List<MeasuredModel> models;

    @Before
    public void start() throws Exception {
        phone = new FakePhone();
        models = new ArrayList<MeasuredModel>();
        add("dense", "dense.tflite");
        add("gated", "version_1.tflite", 0.9f, 0.6f, 0.2f);
    }

    private void add(String name, String file, float... probabilities) throws Exception {
        phone.add(name, probabilities, InferenceEngine.TAU, InferenceEngine.U);
        models.add(new MeasuredModel(name, file, MetadataFiles.read(file)));
    }

    @Test
    public void documentOfAnAlternation() throws Exception {
        JsonObject document = written("alternation", alternation());
        assertEquals("tfgate.benchmark", document.text("schema"));
        assertEquals(4, document.integer("schema_version"));
        assertEquals("dense", document.text("baseline"));
        assertTrue(document.texts("warnings").isEmpty());

        JsonObject gated = document.objects("files").get(1);
        assertEquals("baseline", document.objects("files").get(0).text("role"));
        assertEquals("model", gated.text("role"));
        assertEquals("version_1.tflite", gated.text("file"));
        assertEquals("tau", gated.text("dial"));
        assertEquals(9100.0, gated.object("macs").number("all_open"), 0.0);
        assertEquals(2, gated.objects("gates").get(1).integer("components"));

        // The fake engine's run on image i takes 1 + i ms, times the share of what is open.
        JsonObject half = document.objects("points").get(1);
        assertEquals("gated", half.text("file"));
        assertEquals(0.5, half.number("tau"), 0.0);
        assertFalse(half.has("u"));
        double step = 2.0 / 3.0;
        double[] expected = {1.0, 1.0 + step, 1.0 + 2 * step};
        assertArrayEquals(expected, half.numbers("image_ms"), 1e-6);
        assertEquals(1.0 + step, half.object("latency_ms").number("p50"), 1e-6);
        assertEquals(1.0 + step, half.object("latency_ms").number("image_mean"), 1e-6);
        // Open are the components of 1000 and 2000 MACs.
        assertEquals(6100.0, half.number("executed_macs_mean"), 0.0);
        assertEquals(2.0 / 3.0, half.number("activation_rate"), 1e-15);
        assertEquals((1.0 + step) / 2.0, half.number("ratio_p50"), 1e-6);
        assertEquals(6100.0 / 8000.0, half.number("macs_ratio"), 1e-15);
        double efficiency = 6100.0 / 8000.0 / ((1.0 + step) / 2.0);
        assertEquals(efficiency, half.number("skip_efficiency"), 1e-6);
        JsonObject decisions = half.object("decisions");
        assertEquals(3, decisions.integer("images"));
        assertEquals(3, decisions.integer("components"));
        assertEquals("wMDA", decisions.text("bits"));

        JsonObject closed = document.objects("points").get(2);
        assertEquals(1.0, closed.number("tau"), 0.0);
        assertEquals(3100.0, closed.number("executed_macs_mean"), 0.0);
        assertEquals(0.0, closed.number("activation_rate"), 0.0);
        JsonObject dense = document.objects("points").get(0);
        assertEquals(1.0, dense.number("ratio_p50"), 0.0);
        assertFalse(dense.has("decisions"));
        assertFalse(dense.has("activation_rate"));
    }

    @Test
    public void conditionsTellAboutTheDevice() throws Exception {
        JsonObject conditions = written("alternation", alternation()).object("conditions");
        assertEquals("android_demo", conditions.text("program"));
        assertEquals("digits", conditions.text("dataset"));
        assertEquals(3, conditions.integer("samples"));
        assertEquals(6, conditions.integer("runs"));
        assertEquals(2, conditions.integer("warmup"));
        assertArrayEquals(new int[] {1}, conditions.integers("threads"));
        assertEquals("2026-11-28T12:00:00+00:00", conditions.text("date"));
        assertEquals("0123abc", conditions.text("git_commit"));
        assertEquals(1900.0, conditions.number("frequency_mhz_after"), 0.0);
        JsonObject machine = conditions.object("machine");
        assertEquals("SoC 1, 1 x 1800 MHz, 1 x 2800 MHz", machine.text("processor"));
        assertEquals("arm64-v8a", machine.text("architecture"));
        assertEquals(2, machine.integer("cores"));
        assertEquals("Android 15", machine.text("system"));
        JsonObject device = conditions.object("device");
        assertEquals("Phone 1", device.text("model"));
        assertEquals(35, device.integer("android_api"));
        assertEquals("2.16.1", device.text("runtime_version"));
        assertEquals(Arrays.asList("xnnpack"), device.texts("delegates"));
        assertEquals("none", device.text("thermal_status_before"));
        assertEquals("light", device.text("thermal_status_after"));
        assertEquals(79.5, device.number("battery_percent_after"), 0.0);
        assertFalse(device.flag("charging"));
        assertFalse(device.flag("debuggable"));
        assertEquals("none", device.text("thermal_status_before"));
        assertEquals("light", device.text("thermal_status_highest"));
        assertEquals(29.5, device.number("battery_celsius_before"), 0.0);
        assertEquals(31.0, device.number("battery_celsius_after"), 0.0);
        assertEquals("discharging", device.text("battery_status_after"));
        assertEquals("completed", conditions.text("ended"));
        assertEquals(0.0, conditions.number("thermal_wait_seconds"), 0.0);
        JsonObject slow = device.objects("cores").get(0);
        assertEquals(0, slow.integer("number"));
        assertEquals(300, slow.integer("min_mhz"));
        assertEquals(1500.0, slow.number("mhz_before"), 0.0);
        assertFalse(slow.has("mhz_after"));
        JsonObject fast = device.objects("cores").get(1);
        assertFalse(fast.has("min_mhz"));
        assertEquals(2800, fast.integer("max_mhz"));
        assertEquals(1900.0, fast.number("mhz_after"), 0.0);
    }

    @Test
    public void loadingAndTheFirstRunAreThoseOfTheProgramThatMeasured() throws Exception {
        JsonObject document = written("alternation", alternation());
        JsonObject start = document.objects("files").get(0).objects("cold_start").get(0);
        assertEquals(1, start.integer("threads"));
        assertEquals(3.0, start.number("load_ms"), 0.0);
        assertEquals(1.0, start.number("first_run_ms"), 0.0);
        assertFalse(start.flag("fresh_process"));
        assertEquals(6, document.objects("points").get(1).integer("runs"));
    }

    @Test
    public void theDateIsUtcWhereverThePhoneIs() throws Exception {
        TimeZone before = TimeZone.getDefault();
        try {
            TimeZone.setDefault(TimeZone.getTimeZone("Asia/Tokyo"));
            assertEquals("2026-11-28T12:00:00+00:00", alternation().date());
        } finally {
            TimeZone.setDefault(before);
        }
    }

    @Test
    public void whatTheDeviceDoesNotTellIsNull() throws Exception {
        RunResult run = phone.run(plan(Configuration.of("dense", OPTIONS)).build());
        DeviceFacts facts =
                DeviceFacts.builder(
                                "Phone 1", "x86_64",
                                Collections.singletonList(new CpuCore(0, null, null)))
                        .runtime("tensorflow-lite", "2.16.1", Collections.<String>emptyList())
                        .app("1.0", null, true)
                        .build();
        DeviceState state = DeviceState.builder().build();
        BenchmarkResult result =
                BenchmarkResult.builder(run, models)
                        .device(facts, state, state)
                        .dataset("given")
                        .build();
        JsonObject document = written("unknown", result);
        JsonObject conditions = document.object("conditions");
        assertFalse(conditions.object("machine").has("processor"));
        assertFalse(conditions.object("device").has("thermal_status_before"));
        assertTrue(conditions.object("device").flag("debuggable"));
        assertFalse(conditions.object("device").has("thermal_status_highest"));
        assertFalse(conditions.object("device").has("battery_status_before"));
        assertEquals(
                Arrays.asList("the app can be debugged: its Java code is slower than in a release"),
                document.texts("warnings"));
    }

    @Test
    public void aRunThatWasStoppedIsWrittenAsFarAsItIs() throws Exception {
        RunPlan plan =
                plan(
                                Configuration.of("dense", OPTIONS),
                                Configuration.of("gated", OPTIONS, Dial.TAU, 0.5),
                                Configuration.of("missing", OPTIONS))
                        .images(50)
                        .runs(100)
                        .timeLimitNanos(20000000)
                        .build();
        models.add(new MeasuredModel("missing", "x.tflite", models.get(1).metadata()));
        JsonObject document = written("stopped", result(phone.run(plan)));
        assertEquals(2, document.objects("points").size());
        assertEquals("time_limit", document.object("conditions").text("ended"));
        int samples = document.object("conditions").integer("samples");
        int runs = document.objects("points").get(0).integer("runs");
        assertTrue("" + runs, runs > 1 && runs < 100);
        assertTrue("" + samples, samples > 1 && samples < 50);
        assertEquals(
                samples, document.objects("points").get(0).numbers("image_ms").length);
        assertEquals(
                Arrays.asList(
                        "the run ended early: its time was used up",
                        "missing (serving_default, 1 thread, XNNPACK) failed: no model missing"),
                document.texts("warnings"));
    }

    @Test
    public void aBaselineThatWasNotMeasuredLeavesRatiosOpen() throws Exception {
        EngineOptions two = new EngineOptions("serving_default", 2, true);
        RunPlan plan =
                plan(Configuration.of("dense", OPTIONS), Configuration.of("gated", two)).build();
        JsonObject document = written("no_baseline", result(phone.run(plan)));
        JsonObject gated = document.objects("points").get(1);
        assertEquals(2, gated.integer("threads"));
        assertNull(gated.numberOrNull("ratio_p50"));
        assertNull(gated.numberOrNull("skip_efficiency"));
        assertArrayEquals(
                new int[] {1, 2}, document.object("conditions").integers("threads"));
    }

    @Test
    public void aDialOfUHasNoDecisionsPerImage() throws Exception {
        add("throttled", "throttled.tflite");
        RunPlan plan =
                plan(
                                Configuration.of("dense", OPTIONS),
                                Configuration.of("throttled", OPTIONS, Dial.U, 0.5),
                                Configuration.of("throttled", OPTIONS, Dial.U, 1.0))
                        .images(2)
                        .runs(4)
                        .build();
        JsonObject document = written("throttled", result(phone.run(plan)));
        assertEquals("u", document.objects("files").get(2).text("dial"));
        JsonObject point = document.objects("points").get(1);
        assertEquals(0.5, point.number("u"), 0.0);
        assertEquals(150.0, point.number("executed_macs_mean"), 0.0);
        assertFalse(point.has("decisions"));
        assertEquals(200.0, document.objects("points").get(2).number("executed_macs_mean"), 0.0);
    }

    @Test
    public void nothingFinishedIsNoResult() throws Exception {
        RunResult run = phone.run(plan(Configuration.of("missing", OPTIONS)).build());
        models.add(new MeasuredModel("missing", "x.tflite", models.get(1).metadata()));
        assertRefused("Expected the number of configurations with a finished run ", run);
    }

    @Test
    public void modelsHaveToBeKnown() throws Exception {
        add("other", "untold.tflite");
        models.remove(2);
        assertRefused(
                "Expected a configuration's model to be one of [dense, gated], got other.",
                phone.run(plan(Configuration.of("other", OPTIONS)).build()));
        models.add(models.get(1));
        assertRefused(
                "Expected models to be of different names, got two gated.",
                phone.run(plan(Configuration.of("dense", OPTIONS)).build()));
    }

    @Test
    public void warningsTellOfHeat() throws Exception {
        RunResult run = hotRun();
        List<String> warnings = result(run).warnings();
        assertEquals(
                Arrays.asList(
                        "the thermal status was up to severe: the processor may have been throttled",
                        "the run waited 5.0 s for the device to cool down"),
                warnings);
    }

    @Test
    public void notesAreWarnings() throws Exception {
        RunResult run = phone.run(plan(Configuration.of("dense", OPTIONS)).build());
        DeviceState unknown = DeviceState.builder().build();
        BenchmarkResult result =
                BenchmarkResult.builder(run, models)
                        .device(facts(), unknown, unknown)
                        .dataset("given")
                        .notes(Arrays.asList("picture x.png was left out"))
                        .build();
        assertEquals(
                Arrays.asList("picture x.png was left out"),
                written("notes", result).texts("warnings"));
    }

    private RunResult hotRun() {
        return phone.hotRun(
                plan(Configuration.of("dense", OPTIONS)), ThermalStatus.SEVERE, 5 * SECOND);
    }

    @Test
    public void tableHasARowForEachRun() throws Exception {
        String table = new String(RunTable.write(alternation(), 3.0), StandardCharsets.UTF_8);
        String[] rows = table.split("\r\n");
        assertEquals(1 + 3 * 6, rows.length);
        assertEquals(
                "model,tau,u,threads,xnnpack,run,image,milliseconds,outlier,executed_macs,"
                        + "predicted_class",
                rows[0]);
        assertEquals("dense,,,1,true,1,1,2.0,false,8000.0,1", rows[2]);
        assertEquals("gated,0.5,,1,true,0,0,1.0,false,6100.0,2", rows[7]);
        assertEquals("gated,1.0,,1,true,5,2,1.0,false,3100.0,1", rows[18]);
    }

    private BenchmarkResult alternation() {
        RunPlan plan =
                plan(
                                Configuration.of("dense", OPTIONS),
                                Configuration.of("gated", OPTIONS, Dial.TAU, 0.5),
                                Configuration.of("gated", OPTIONS, Dial.TAU, 1.0))
                        .images(3)
                        .runs(6)
                        .warmup(2, 0)
                        .build();
        return result(phone.run(plan));
    }

    private static DeviceFacts facts() {
        return DeviceFacts.builder(
                        "Phone 1", "arm64-v8a",
                        Arrays.asList(new CpuCore(0, 300, 1800), new CpuCore(1, null, 2800)))
                .manufacturer("Imaginary")
                .soc("SoC 1")
                .android("15", 35)
                .runtime("tensorflow-lite", "2.16.1", Arrays.asList("xnnpack"))
                .app("1.0", "0123abc", false)
                .build();
    }

    private BenchmarkResult result(RunResult run) {
        DeviceState before = state(ThermalStatus.NONE, 80.0, 29.5, 1500.0, 2000.0);
        DeviceState after = state(ThermalStatus.LIGHT, 79.5, 31.0, null, 1900.0);
        return BenchmarkResult.builder(run, models)
                .device(facts(), before, after)
                .dataset("digits")
                .dateMillis(1795867200000L)
                .build();
    }

    private static DeviceState state(
            ThermalStatus status, double percent, double celsius, Double... coreMhz) {
        return DeviceState.builder()
                .thermalStatus(status)
                .battery(percent, celsius, BatteryStatus.DISCHARGING, false)
                .powerSave(false)
                .coreMhz(Arrays.asList(coreMhz))
                .build();
    }

    private void assertRefused(String message, RunResult run) {
        try {
            result(run);
            fail("not refused");
        } catch (IllegalArgumentException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith(message));
        }
    }

    private static JsonObject written(String name, BenchmarkResult result) throws Exception {
        byte[] document = ResultDocument.write(result);
        TestFiles.write(
                new File(System.getProperty("tfgate.results"), name + ".json"), document);
        return JsonReader.readObject(document, "");
    }

    private static RunPlan.Builder plan(Configuration... configurations) {
        return RunPlan.builder(Arrays.asList(configurations));
    }
}
