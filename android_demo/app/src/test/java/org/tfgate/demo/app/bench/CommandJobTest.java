package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.core.run.Configuration;
import org.tfgate.demo.core.run.RunOrder;
import org.tfgate.demo.core.run.RunPlan;

public final class CommandJobTest {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    private FakePhone phone;

    @Before
    public void start() {
        phone = new FakePhone(folder.getRoot());
    }

    @Test
    public void eachModelTakesTheSettingsOfItsDial() throws Exception {
        BenchJob job =
                prepared(
                        command("dense.tflite", "version_1.tflite", "throttled.tflite")
                                .threads(Arrays.asList(1, 2))
                                .taus(Arrays.asList(0.5, 1.0))
                                .us(Arrays.asList(0.25))
                                .xnnpack(false));
        String one = " (serving_default, 1 thread)";
        String two = " (serving_default, 2 threads)";
        assertEquals(
                Arrays.asList(
                        "dense.tflite" + one,
                        "version_1.tflite at tau = 0.5" + one,
                        "version_1.tflite at tau = 1.0" + one,
                        "throttled.tflite at u = 0.25" + one,
                        "dense.tflite" + two,
                        "version_1.tflite at tau = 0.5" + two,
                        "version_1.tflite at tau = 1.0" + two,
                        "throttled.tflite at u = 0.25" + two),
                words(job.plan()));
        assertEquals("dense.tflite", job.models().get(0).name());
    }

    @Test
    public void withoutSettingsEachFileHasItsOwn() throws Exception {
        BenchJob job = prepared(command("filters.tflite", "masked.tflite", "throttled.tflite"));
        assertEquals(
                Arrays.asList(
                        "filters.tflite at tau = 0.5 (gated, 1 thread, XNNPACK)",
                        "masked.tflite (serving_default, 1 thread, XNNPACK)",
                        "throttled.tflite at u = 1.0 (serving_default, 1 thread, XNNPACK)"),
                words(job.plan()));
    }

    @Test
    public void thePlanIsTheCommands() throws Exception {
        RunPlan plan = prepared(command("dense.tflite").runs(20).warmup(3).seed(7)).plan();
        assertEquals(20, plan.runs());
        assertEquals(3, plan.warmupRuns());
        assertEquals(7, plan.seed());
        assertEquals(3, plan.images());
        assertEquals(RunOrder.SHUFFLED, plan.order());
        assertTrue(plan.pauseNanos() > 0);
        assertEquals(CommandJob.HOTTEST, plan.thermalGate().limit());
    }

    @Test
    public void noMorePicturesAreDecodedThanAreShown() throws Exception {
        assertEquals(2, prepared(command("dense.tflite").runs(2)).plan().images());
        assertEquals(2, phone.decoded);
    }

    @Test
    public void aSettingThatNoModelTakesIsRefused() {
        assertRefused(
                "Expected a model with an input tau, got none among [dense.tflite, "
                        + "throttled.tflite].",
                command("dense.tflite", "throttled.tflite").taus(Arrays.asList(0.5)));
        assertRefused(
                "Expected a model with an input u, got none among [version_1.tflite].",
                command("version_1.tflite").us(Arrays.asList(0.5)));
    }

    @Test
    public void aModelThatCanNotBeReadIsRefused() {
        assertRefused("Expected a model, got missing.tflite.", command("missing.tflite"));
        assertRefused(
                "Expected at most 1000000 runs of all configurations, got 1000001.",
                command("dense.tflite").runs(1000001));
    }

    @Test
    public void picturesThatDoNotFitAreLeftOutAndNamed() throws Exception {
        int three = 3 * 3 * 32 * 24;
        phone.undecodable.add("a.png");
        BenchJob job =
                new CommandJob(command("dense.tflite").build(), phone, phone, three / 3)
                        .prepare();
        assertEquals(1, job.plan().images());
        assertEquals(
                Arrays.asList(
                        "picture a.png was left out: it is no picture",
                        "pictures from c.png on were left out: 1 fill the memory"),
                job.notes());
        try {
            new CommandJob(command("dense.tflite").build(), phone, phone, 1).prepare();
            fail("not refused");
        } catch (BenchException error) {
            assertTrue(error.getMessage().startsWith("Expected a picture that can be used"));
        }
    }

    private BenchJob prepared(BenchCommand.Builder command) throws BenchException {
        return phone.job(command.build()).prepare();
    }

    private static BenchCommand.Builder command(String... models) {
        return BenchCommand.builder(Arrays.asList(models));
    }

    private static List<String> words(RunPlan plan) {
        List<String> words = new ArrayList<String>();
        for (Configuration configuration : plan.configurations()) {
            words.add(configuration.toString());
        }
        return words;
    }

    private void assertRefused(String message, BenchCommand.Builder command) {
        try {
            prepared(command);
            fail("not refused: " + message);
        } catch (BenchException error) {
            assertEquals(message, error.getMessage());
        }
    }
}
