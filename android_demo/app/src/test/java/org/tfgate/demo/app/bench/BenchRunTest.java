package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;
import static org.junit.Assume.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.rules.Timeout;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonReader;
import org.tfgate.demo.core.run.Progress;

public final class BenchRunTest {
    private static final List<String> MODELS =
            Collections.unmodifiableList(Arrays.asList("dense.tflite", "version_1.tflite"));

    @Rule public final TemporaryFolder folder = new TemporaryFolder();
    @Rule public final Timeout patience = Timeout.seconds(60);

    private FakePhone phone;
    private int runs;

    @Before
    public void start() {
        phone = new FakePhone(folder.getRoot());
    }

    @Test
    public void writesWhatItMeasured() throws Exception {
        phone.undecodable.add("b.png");
        BenchRun run = phone.ended(command().taus(Arrays.asList(0.5, 0.7)).build());
        BenchOutcome outcome = run.outcome();
        assertNull(outcome.failure());
        assertEquals(3 * 4, outcome.runs());
        assertEquals(4, run.measurements(2).size());
        assertEquals(1, phone.prioritized);
        JsonObject document = document(outcome.json());
        assertEquals("dense.tflite", document.text("baseline"));
        assertEquals(3, document.objects("points").size());
        assertEquals(0.7, document.objects("points").get(2).number("tau"), 0.0);
        assertEquals(4, document.objects("points").get(2).integer("runs"));
        assertEquals(
                5.0,
                document.objects("files").get(1).objects("cold_start").get(0).number("load_ms"),
                0.0);
        JsonObject conditions = document.object("conditions");
        assertEquals("completed", conditions.text("ended"));
        assertEquals(2, conditions.integer("samples"));
        assertEquals("given", conditions.text("dataset"));
        assertEquals(
                Arrays.asList("picture b.png was left out: it is no picture"),
                document.texts("warnings"));
        String table = new String(Files.readAllBytes(outcome.csv().toPath()));
        assertEquals(1 + 12, table.split("\r\n").length);
    }

    @Test
    public void anInterruptionKeepsWhatIsFinishedAndSaysSo() throws Exception {
        final BenchRun run = new BenchRun(phone.job(command().build()), phone.services(), 0);
        phone.beforeEachRun = new Runnable() {
            @Override
            public void run() {
                // Two runs of each configuration warm up.
                if (++runs == 4 + 5) {
                    run.stop("a call came in");
                    run.stop("and the screen was left");
                }
            }
        };
        await(run);
        assertEquals(
                "ended early after 5 of 8 runs: a call came in", run.outcome().failure());
        assertEquals(5, run.outcome().runs());
        JsonObject document = document(run.outcome().json());
        assertEquals("stopped", document.object("conditions").text("ended"));
        assertTrue(document.texts("warnings").get(0).startsWith("the run ended early"));
        int measured = 0;
        for (JsonObject point : document.objects("points")) {
            measured += point.integer("runs");
        }
        assertEquals(5, measured);
        assertNotNull(run.outcome().csv());
    }

    @Test
    public void stoppedBeforeTheFirstRunThereIsNothing() throws Exception {
        BenchRun run = new BenchRun(phone.job(command().build()), phone.services(), 0);
        run.stop("a call came in");
        await(run);
        assertEquals("ended early after 0 of 8 runs: a call came in", run.outcome().failure());
        assertNull(run.outcome().result());
        assertEquals(0, folder.getRoot().list().length);
    }

    @Test
    public void aModelThatBreaksIsNamedAndTheOthersAreKept() throws Exception {
        phone.failsAfter.put("version_1.tflite", 3);
        BenchRun run = phone.ended(command().build());
        assertEquals(
                "version_1.tflite at tau = 0.5 (serving_default, 1 thread, XNNPACK): the model "
                        + "broke",
                run.outcome().failure());
        assertEquals(5, run.outcome().runs());
        assertEquals(Collections.singleton(1), run.failures().keySet());
        assertNotNull(run.outcome().json());
        phone.failsAfter.put("dense.tflite", 0);
        phone.failsAfter.put("version_1.tflite", 0);
        run = phone.ended(command().resultName("second").build());
        assertTrue(run.outcome().failure(), run.outcome().failure().contains("dense.tflite"));
        assertNull(run.outcome().result());
    }

    @Test
    public void aFullDiskLosesNoFinishedResult() throws Exception {
        assumeTrue(ResultFolderTest.FULL.exists());
        ResultFolderTest.fill(folder.getRoot(), "run.csv");
        BenchOutcome outcome = phone.ended(command().build()).outcome();
        assertTrue(outcome.failure(), outcome.failure().startsWith("Expected to write "));
        assertEquals("completed", document(outcome.json()).object("conditions").text("ended"));
        assertNull(outcome.csv());
        ResultFolderTest.fill(folder.getRoot(), "other.json");
        outcome = phone.ended(command().resultName("other").build()).outcome();
        assertNull(outcome.json());
        assertEquals(8, outcome.result().points().get(0).runs() * 2);
        ResultFolderTest.fill(folder.getRoot(), "both.json");
        phone.failsAfter.put("version_1.tflite", 3);
        outcome = phone.ended(command().resultName("both").build()).outcome();
        assertTrue(
                outcome.failure(),
                outcome.failure().contains("the model broke; Expected to write"));
    }

    @Test
    public void aHotPhoneIsWaitedFor() throws Exception {
        phone.thermal.put("now", ThermalStatus.SEVERE);
        BenchOutcome outcome = phone.ended(command().build()).outcome();
        assertEquals(
                "ended early after 0 of 8 runs: the device stayed too hot", outcome.failure());
        phone.thermal.put("now", CommandJob.HOTTEST);
        assertNull(phone.ended(command().build()).outcome().failure());
    }

    @Test
    public void withoutARuntimeOrAPictureItSaysWhy() throws Exception {
        phone.noRuntime = "Expected TensorFlow Lite's native library, got none";
        assertEquals(phone.noRuntime, phone.ended(command().build()).outcome().failure());
        phone.noRuntime = null;
        phone.undecodable.addAll(phone.pictures);
        BenchRun run = phone.ended(command().build());
        assertEquals(
                "Expected a picture that can be used, got none: picture a.png was left out: it "
                        + "is no picture",
                run.outcome().failure());
        assertNull(run.job());
    }

    @Test
    public void anErrorOfTheAppItselfEndsTheRun() throws Exception {
        phone.beforeEachRun = new Runnable() {
            @Override
            public void run() {
                throw new IllegalStateException("a mistake");
            }
        };
        assertEquals(
                "Expected no error of the app itself, got java.lang.IllegalStateException: a "
                        + "mistake",
                phone.ended(command().build()).outcome().failure());
        phone.beforeEachRun = null;
        assertNull(phone.ended(command().build()).outcome().failure());
    }

    @Test
    public void withoutANameNothingIsWritten() throws Exception {
        BenchOutcome outcome = phone.ended(command().resultName(null).build()).outcome();
        assertNull(outcome.failure());
        assertEquals(8, outcome.runs());
        assertEquals(0, folder.getRoot().list().length);
    }

    @Test
    public void theScreenAfterARotationTakesOver() throws Exception {
        final BenchRun run = new BenchRun(phone.job(command().build()), phone.services(), 0);
        final Heard first = new Heard();
        final Heard second = new Heard();
        phone.beforeEachRun = new Runnable() {
            @Override
            public void run() {
                runs++;
                if (runs == 6) {
                    run.setListener(null);
                }
                if (runs == 8) {
                    run.setListener(second);
                }
            }
        };
        run.setListener(first);
        run.start();
        second.end.await();
        assertTrue(first.news.get() > 0);
        assertEquals(1, first.end.getCount());
        assertTrue(second.news.get() > 0);
        Heard third = new Heard();
        run.setListener(third);
        third.end.await();
        assertEquals(1, third.ends.get());
        assertEquals(1, second.ends.get());
        assertEquals(8, run.progress().finishedRuns());
    }

    @Test
    public void newsAreRare() throws Exception {
        Heard often = new Heard();
        BenchRun run = new BenchRun(phone.job(command().runs(100).build()), phone.services(), 0);
        run.setListener(often);
        await(run);
        Heard rarely = new Heard();
        run =
                new BenchRun(
                        phone.job(command().runs(100).resultName("b").build()),
                        phone.services(), 50);
        run.setListener(rarely);
        run.start();
        rarely.end.await();
        assertTrue("" + rarely.news.get(), rarely.news.get() < 30);
    }

    @Test
    public void oneRunAtATime() throws Exception {
        final CountDownLatch inside = new CountDownLatch(1);
        final CountDownLatch go = new CountDownLatch(1);
        phone.beforeEachRun = new Runnable() {
            @Override
            public void run() {
                inside.countDown();
                try {
                    go.await();
                } catch (InterruptedException interrupted) {
                    throw new AssertionError(interrupted);
                }
            }
        };
        BenchRun first = new BenchRun(phone.job(command().build()), phone.services(), 0);
        first.start();
        inside.await();
        FakePhone other = new FakePhone(folder.newFolder("other"));
        BenchRun second = new BenchRun(other.job(command().build()), other.services(), 0);
        second.start();
        Thread.sleep(100);
        assertEquals(0, other.decoded);
        go.countDown();
        ended(second);
        assertNotNull(first.outcome());
        assertNull(second.outcome().failure());
    }

    @Test
    public void itStartsOnce() throws Exception {
        BenchRun run = phone.ended(command().build());
        try {
            run.start();
            fail("not refused");
        } catch (IllegalStateException error) {
            assertFalse(error.getMessage().isEmpty());
        }
    }

    private BenchCommand.Builder command() {
        return BenchCommand.builder(MODELS).runs(4).warmup(2).resultName("run");
    }

    private static void await(BenchRun run) throws InterruptedException {
        run.start();
        ended(run);
    }

    private static void ended(BenchRun run) throws InterruptedException {
        Heard heard = new Heard();
        run.setListener(heard);
        heard.end.await();
    }

    private static JsonObject document(File file) throws Exception {
        return JsonReader.readObject(Files.readAllBytes(file.toPath()), file.getName());
    }

    private static final class Heard implements BenchRun.Listener {
        final AtomicInteger news = new AtomicInteger();
        final AtomicInteger ends = new AtomicInteger();
        final CountDownLatch end = new CountDownLatch(1);

        @Override
        public void onProgress(BenchRun run, Progress progress) {
            news.incrementAndGet();
        }

        @Override
        public void onEnd(BenchRun run, BenchOutcome outcome) {
            ends.incrementAndGet();
            end.countDown();
        }
    }
}
