package org.tfgate.demo.core.run;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.Before;
import org.junit.Test;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.run.Progress.Phase;

public final class BenchmarkRunnerTest {
    private static final long MS = FakeEngine.MILLISECOND;
    private static final long SECOND = 1000 * MS;
    private static final EngineOptions OPTIONS = new EngineOptions("serving_default", 1, true);
    private static final Configuration DENSE = Configuration.of("dense", OPTIONS);
    private static final Configuration GATED =
            Configuration.of("gated", OPTIONS, Dial.TAU, 0.5);

    private FakePhone phone;

    @Before
    public void start() {
        phone = new FakePhone();
        phone.add("dense", new float[0]);
        phone.add("gated", new float[] {0.9f, 0.2f}, InferenceEngine.TAU);
    }

    @Test
    public void alternatesOnTheSameImage() {
        RunResult result = phone.run(plan(DENSE, GATED).images(2).runs(3).build());
        assertEquals(Arrays.asList("0:0", "1:0", "0:1", "1:1", "0:0", "1:0"), phone.order);
        assertEquals(StopReason.COMPLETED, result.reason());
        assertArrayEquals(new double[] {1, 2, 1}, result.results().get(0).milliseconds(), 0.0);
        assertArrayEquals(new double[] {1, 1.5, 1}, result.results().get(1).milliseconds(), 0.0);
        assertNull(result.results().get(0).measurements().get(0).decisions());
        assertArrayEquals(
                new float[] {1, 0},
                result.results().get(1).measurements().get(0).decisions(), 0.0f);
        assertEquals(2, result.results().get(1).measurements().get(0).predictedClass());
        assertEquals(1, result.results().get(1).measurements().get(1).predictedClass());
        assertEquals((long) (7.5 * MS), result.elapsedNanos());
        assertEquals(0, result.thermalWaitNanos());
    }

    @Test
    public void sequentialFinishesOneBeforeTheNext() {
        phone.run(plan(DENSE, GATED).images(2).runs(3).order(RunOrder.SEQUENTIAL).build());
        assertEquals(Arrays.asList("0:0", "0:1", "0:0", "1:0", "1:1", "1:0"), phone.order);
    }

    @Test
    public void shufflingIsTheSameForASeed() {
        List<String> first = shuffled(3);
        assertEquals(first, shuffled(3));
        assertNotEquals(first, shuffled(4));
        // Every round has each configuration once.
        int changes = 0;
        for (int round = 0; round < 20; round++) {
            List<String> each = new ArrayList<String>(first.subList(3 * round, 3 * round + 3));
            changes += each.get(0).startsWith("0") ? 0 : 1;
            Collections.sort(each);
            int image = round % 4;
            assertEquals(Arrays.asList("0:" + image, "1:" + image, "2:" + image), each);
        }
        assertTrue("only " + changes + " rounds in another order", changes > 5);
    }

    /** java.util.Random and Collections.shuffle are defined to the last number. */
    @Test
    public void shufflingIsTheSameEverywhere() {
        assertEquals(
                Arrays.asList("0:0", "1:0", "2:0", "2:1", "1:1", "0:1", "2:2", "1:2", "0:2"),
                shuffled(3).subList(0, 9));
    }

    private List<String> shuffled(long seed) {
        start();
        Configuration other = Configuration.of("gated", OPTIONS, Dial.TAU, 0.1);
        phone.run(
                plan(DENSE, GATED, other).images(4).runs(20).order(RunOrder.SHUFFLED).seed(seed)
                        .build());
        return phone.order;
    }

    @Test
    public void warmsUpByCountAndTime() {
        // 3 runs of 1 ms are not 10 ms, so it takes 10; 3 runs of at least 1 ms are 2 ms.
        RunResult byTime = phone.run(plan(DENSE).runs(2).warmup(3, 10 * MS).build());
        assertEquals(12 * MS, byTime.elapsedNanos());
        assertEquals(2, byTime.results().get(0).measurements().size());
        start();
        RunResult byCount = phone.run(plan(DENSE).runs(2).warmup(3, 2 * MS).build());
        assertEquals(5 * MS, byCount.elapsedNanos());
        assertEquals(2, byCount.results().get(0).measurements().size());
    }

    @Test
    public void allAreWarmBeforeTheFirstRunOfAnAlternation() {
        phone.run(plan(DENSE, GATED).runs(2).warmup(1, 0).build());
        assertEquals(
                Arrays.asList(
                        Phase.LOADING, Phase.LOADING, Phase.WARMUP, Phase.WARMUP, Phase.MEASURING,
                        Phase.MEASURING, Phase.MEASURING),
                phases());
    }

    @Test
    public void inSequenceEachIsWarmedUpBeforeItsOwnRuns() {
        phone.run(
                plan(DENSE, GATED).runs(1).warmup(1, 0).order(RunOrder.SEQUENTIAL).build());
        assertEquals(
                Arrays.asList(
                        Phase.LOADING, Phase.LOADING, Phase.WARMUP, Phase.MEASURING, Phase.WARMUP,
                        Phase.MEASURING, Phase.MEASURING),
                phases());
    }

    @Test
    public void reportsHowFarItIs() {
        phone.run(plan(DENSE, GATED).runs(2).build());
        Progress last = phone.progress.get(phone.progress.size() - 1);
        assertEquals(4, last.finishedRuns());
        assertEquals(4, last.totalRuns());
        assertEquals(4 * MS, last.elapsedNanos());
        assertEquals(ThermalStatus.NONE, last.thermalStatus());
        Progress before = phone.progress.get(phone.progress.size() - 2);
        assertEquals(2, before.finishedRuns());
    }

    @Test
    public void pausesAfterRounds() {
        RunResult result = phone.run(plan(DENSE, GATED).runs(5).pause(SECOND, 2).build());
        assertEquals(2 * SECOND, phone.clock.slept());
        assertEquals(2 * SECOND + 10 * MS, result.elapsedNanos());
        assertEquals(2, Collections.frequency(phases(), Phase.PAUSE));
    }

    @Test
    public void settingsOfOneModelShareAnEngine() {
        Configuration other = Configuration.of("gated", OPTIONS, Dial.TAU, 0.95);
        RunResult result = phone.run(plan(GATED, other).images(2).runs(2).build());
        assertEquals(1, phone.opened);
        assertEquals(1.5, result.results().get(0).milliseconds()[1], 0.0);
        assertEquals(1.0, result.results().get(1).milliseconds()[1], 0.0);
        Configuration threads =
                Configuration.of("gated", new EngineOptions("serving_default", 2, true));
        start();
        phone.run(plan(GATED, threads).build());
        assertEquals(2, phone.opened);
    }

    @Test
    public void enginesAreClosed() {
        phone.run(plan(DENSE, GATED).build());
        assertTrue(phone.engines.get("dense").isClosed());
        assertTrue(phone.engines.get("gated").isClosed());
        start();
        phone.stopAfter = 1;
        phone.run(plan(DENSE, GATED).runs(9).build());
        assertTrue(phone.engines.get("gated").isClosed());
    }

    @Test
    public void aStopKeepsWhatIsFinished() {
        phone.stopAfter = 5;
        RunResult result = phone.run(plan(DENSE, GATED).images(2).runs(100).build());
        assertEquals(StopReason.STOPPED, result.reason());
        assertEquals(3, result.results().get(0).measurements().size());
        assertEquals(2, result.results().get(1).measurements().size());
        assertNull(result.results().get(0).failure());
    }

    @Test
    public void aStopIsHeardInAPause() {
        phone.clock.stopAt(10 * SECOND, phone.stop);
        RunResult result = phone.run(plan(DENSE).runs(2).pause(3600 * SECOND, 1).build());
        assertEquals(StopReason.STOPPED, result.reason());
        assertEquals(1, result.results().get(0).measurements().size());
        assertTrue(phone.clock.slept() < 11 * SECOND);
    }

    @Test
    public void anInterruptionStopsAndStays() {
        Thread.currentThread().interrupt();
        RunResult result = phone.run(plan(DENSE).runs(5).build());
        assertTrue(Thread.interrupted());
        assertEquals(StopReason.STOPPED, result.reason());
        assertEquals(0, result.results().get(0).measurements().size());
    }

    @Test
    public void theTimeLimitKeepsWhatIsFinished() {
        RunResult result = phone.run(plan(DENSE, GATED).runs(100).timeLimitNanos(7 * MS).build());
        assertEquals(StopReason.TIME_LIMIT, result.reason());
        assertEquals(4, result.results().get(0).measurements().size());
        assertEquals(3, result.results().get(1).measurements().size());
    }

    @Test
    public void theTimeLimitEndsAPause() {
        RunResult result =
                phone.run(
                        plan(DENSE).runs(2).pause(100 * SECOND, 1).timeLimitNanos(SECOND).build());
        assertEquals(StopReason.TIME_LIMIT, result.reason());
        assertTrue(result.elapsedNanos() < 2 * SECOND);
        assertEquals(1, result.results().get(0).measurements().size());
    }

    @Test
    public void waitsUntilTheDeviceIsCool() {
        phone.heat(ThermalStatus.SEVERE, 10 * SECOND);
        ThermalGate gate = new ThermalGate(ThermalStatus.LIGHT, 60 * SECOND, 3 * SECOND);
        RunResult result = phone.run(plan(DENSE).runs(2).thermalGate(gate).build());
        assertEquals(StopReason.COMPLETED, result.reason());
        assertEquals(12 * SECOND, result.thermalWaitNanos());
        assertEquals(ThermalStatus.SEVERE, result.highestThermalStatus());
        assertEquals(2, result.results().get(0).measurements().size());
        assertTrue(phases().contains(Phase.COOLING));
    }

    @Test
    public void aStatusAtTheLimitIsCoolEnough() {
        phone.heat(ThermalStatus.LIGHT, Long.MAX_VALUE);
        ThermalGate gate = new ThermalGate(ThermalStatus.LIGHT, 60 * SECOND, SECOND);
        RunResult result = phone.run(plan(DENSE).thermalGate(gate).build());
        assertEquals(0, result.thermalWaitNanos());
        assertEquals(ThermalStatus.LIGHT, result.highestThermalStatus());
    }

    @Test
    public void waitsNoLongerThanTheMaximum() {
        phone.heat(ThermalStatus.CRITICAL, Long.MAX_VALUE);
        ThermalGate gate = new ThermalGate(ThermalStatus.LIGHT, 10 * SECOND, 3 * SECOND);
        RunResult result = phone.run(plan(DENSE).thermalGate(gate).build());
        assertEquals(StopReason.TOO_HOT, result.reason());
        assertEquals(10 * SECOND, result.thermalWaitNanos());
        assertEquals(10 * SECOND, result.elapsedNanos());
        assertTrue(phone.order.isEmpty());
    }

    @Test
    public void aFailureLeavesTheOthers() {
        phone.engines.get("gated").failAfter(2);
        RunResult result = phone.run(plan(DENSE, GATED).runs(4).build());
        assertEquals(StopReason.COMPLETED, result.reason());
        assertEquals(4, result.results().get(0).measurements().size());
        assertEquals(2, result.results().get(1).measurements().size());
        assertEquals("the model broke", result.results().get(1).failure());
        assertEquals(Arrays.asList("1: the model broke"), phone.failures);
    }

    @Test
    public void aModelThatCannotBeLoadedLeavesTheOthers() {
        Configuration missing = Configuration.of("missing", OPTIONS);
        RunResult result = phone.run(plan(missing, DENSE).runs(2).warmup(1, 0).build());
        assertEquals(StopReason.COMPLETED, result.reason());
        assertEquals("no model missing", result.results().get(0).failure());
        assertEquals(2, result.results().get(1).measurements().size());
    }

    @Test
    public void aSettingThatTheModelDoesNotTakeIsAFailure() {
        Configuration wrong = Configuration.of("dense", OPTIONS, Dial.U, 0.5);
        RunResult result = phone.run(plan(wrong, DENSE).build());
        assertEquals("Expected an input of [images], got u.", result.results().get(0).failure());
        assertEquals(1, result.results().get(1).measurements().size());
    }

    @Test
    public void aPictureThatDoesNotDecodeIsAFailure() {
        phone.brokenImage = 1;
        RunResult result = phone.run(plan(DENSE).images(3).runs(3).build());
        assertEquals(StopReason.ALL_FAILED, result.reason());
        assertEquals("picture 1 does not decode", result.results().get(0).failure());
        assertEquals(1, result.results().get(0).measurements().size());
    }

    @Test
    public void endsWhenAllHaveFailed() {
        Configuration missing = Configuration.of("missing", OPTIONS);
        RunResult result = phone.run(plan(missing).runs(1000).build());
        assertEquals(StopReason.ALL_FAILED, result.reason());
        assertFalse(phases().contains(Phase.MEASURING));
    }

    @Test
    public void uIsWhatTheModelGets() {
        phone.add("throttled", new float[0], InferenceEngine.U);
        Configuration throttled = Configuration.of("throttled", OPTIONS, Dial.U, 1.0 / 3.0);
        phone.run(plan(throttled).build());
        float given = phone.engines.get("throttled").given("u")[0];
        assertEquals((double) given, throttled.u(), 0.0);
        assertNull(throttled.tau());
    }

    private static RunPlan.Builder plan(Configuration... configurations) {
        return RunPlan.builder(Arrays.asList(configurations));
    }

    private List<Phase> phases() {
        List<Phase> phases = new ArrayList<Phase>();
        for (Progress each : phone.progress) {
            phases.add(each.phase());
        }
        return phases;
    }
}
