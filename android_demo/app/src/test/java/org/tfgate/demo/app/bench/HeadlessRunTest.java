package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.rules.Timeout;

public final class HeadlessRunTest
        implements LineLog, HeadlessRun.Runs, HeadlessRun.Screen, HeadlessRun.Timer {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();
    @Rule public final Timeout patience = Timeout.seconds(60);

    private final List<String> ends = Collections.synchronizedList(new ArrayList<String>());
    private final List<String> progress = Collections.synchronizedList(new ArrayList<String>());
    private final Map<String, Object> extras = new HashMap<String, Object>();
    private final CountDownLatch end = new CountDownLatch(1);
    private FakePhone phone;
    private Runnable later;
    private int closed;

    @Before
    public void start() {
        phone = new FakePhone(folder.getRoot());
        extras.put("models", "dense.tflite,version_1.tflite");
        extras.put("runs", 3);
        extras.put("result", "mine");
    }

    @Test
    public void oneLineTellsTheFileAndTheRuns() throws Exception {
        phone.undecodable.add("a.png");
        HeadlessRun run = started();
        end.await();
        String file = new File(folder.getRoot(), "mine.json").getAbsolutePath();
        assertEquals(Collections.singletonList("done result=mine file=" + file + " runs=6"), ends);
        assertEquals("picture a.png was left out: it is no picture", progress.get(0));
        assertTrue(progress.toString(), progress.contains(
                "measuring, 6 of 6 runs, thermal status none"));
        assertTrue(run.hasEnded());
        run.setScreen(this);
        assertEquals(1, closed);
    }

    @Test
    public void anotherNameIsWanted() throws Exception {
        started();
        end.await();
        started();
        assertEquals(
                "failed result=mine reason=Expected a new result, got the name of one that is "
                        + "there: mine.",
                ends.get(1));
    }

    @Test
    public void extrasThatCanNotBeReadEndIt() {
        extras.put("runs", "3");
        HeadlessRun run = started();
        run.stop("the screen was left");
        assertEquals(
                Collections.singletonList(
                        "failed result=mine reason=Expected runs to be a whole number (--ei), got "
                                + "'3'."),
                ends);
        extras.put("result", "not a name");
        ends.clear();
        started();
        assertTrue(ends.get(0), ends.get(0).startsWith("failed result=unnamed reason=Expected "));
    }

    @Test
    public void nothingRunsBeforeTheScreenHasSettled() throws Exception {
        HeadlessRun run = waiting();
        assertEquals("no thread was started", 0, phone.prioritized);
        assertEquals(0, phone.decoded);
        run.setScreen(null);
        run.setScreen(this);
        later.run();
        end.await();
        assertTrue(ends.get(0), ends.get(0).startsWith("done result=mine "));
        assertEquals(1, phone.prioritized);
        assertEquals(1, closed);
    }

    @Test
    public void whoeverLeavesTheScreenBeforeEndsIt() {
        HeadlessRun run = waiting();
        run.setScreen(this);
        run.stop("the screen was left");
        run.stop("the screen was left again");
        assertEquals(
                Collections.singletonList(
                        "failed result=mine reason=ended before the first run: the screen was "
                                + "left"),
                ends);
        assertTrue(run.hasEnded());
        assertEquals(1, closed);
        later.run();
        assertEquals("it does not start any more", 0, phone.prioritized);
    }

    @Test
    public void anInterruptionTellsWhereTheRestIs() throws Exception {
        final HeadlessRun[] run = new HeadlessRun[1];
        final CountDownLatch made = new CountDownLatch(1);
        phone.beforeEachRun = new Runnable() {
            private int runs;

            @Override
            public void run() {
                if (++runs == 21) {
                    try {
                        made.await();
                    } catch (InterruptedException interrupted) {
                        throw new AssertionError(interrupted);
                    }
                    run[0].stop("the screen\nwas left");
                }
            }
        };
        run[0] = started();
        made.countDown();
        end.await();
        String file = new File(folder.getRoot(), "mine.json").getAbsolutePath();
        assertEquals(
                Collections.singletonList(
                        "failed result=mine reason=ended early after 1 of 6 runs: the screen was "
                                + "left (what was finished: " + file + ")"),
                ends);
    }

    @Test
    public void aNewProcessTellsOfTheOldOnesEnd() {
        HeadlessRun.lost(extras, this);
        assertEquals(
                Collections.singletonList(
                        "failed result=mine reason=the system ended the app while it measured"),
                ends);
    }

    @Test
    public void namesAreOfTheTimeInUtc() {
        assertEquals("run-20261128-120000", HeadlessRun.nameOf(1795867200000L));
        assertTrue(ResultFolder.isName(HeadlessRun.nameOf(0)));
    }

    @Test
    public void longReasonsAreCut() {
        StringBuilder reason = new StringBuilder();
        for (int i = 0; i < 5000; i++) {
            reason.append("x");
        }
        String line = ProtocolLines.failed("mine", reason.toString());
        assertTrue(line.length() < 1100 && line.endsWith("x..."));
    }

    private HeadlessRun waiting() {
        return HeadlessRun.start(extras, "default", phone.results, this, this, this);
    }

    private HeadlessRun started() {
        HeadlessRun run = waiting();
        if (later != null) {
            later.run();
            later = null;
        }
        return run;
    }

    @Override
    public void later(Runnable task, long millis) {
        assertEquals(HeadlessRun.SETTLING_MILLIS, millis);
        later = task;
    }

    @Override
    public BenchRun run(BenchCommand command, long newsMillis) {
        return new BenchRun(phone.job(command), phone.services(), 0);
    }

    @Override
    public void progress(String line) {
        progress.add(line);
    }

    @Override
    public void end(String line) {
        ends.add(line);
        end.countDown();
    }

    @Override
    public void close() {
        closed++;
    }
}
