package org.tfgate.demo.app.compare;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.Arrays;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.app.chart.Drawings;
import org.tfgate.demo.app.screen.FakeDevice;
import org.tfgate.demo.app.screen.Presenter;

public final class ComparePresenterTest {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    private FakeDevice phone;
    private ComparePresenter presenter;
    private CompareState shown;
    private final Presenter.View<CompareState> view =
            new Presenter.View<CompareState>() {
                @Override
                public void show(CompareState state) {
                    shown = state;
                }
            };

    @Before
    public void start() {
        phone = new FakeDevice(folder.getRoot());
        presenter = new ComparePresenter(phone.kit());
    }

    private void open(String... models) throws Exception {
        phone.push(models);
        presenter.attach(view);
        phone.tasks.runAll();
    }

    private void measure() throws Exception {
        presenter.start();
        while (shown.isRunning) {
            phone.tasks.runOne();
        }
        phone.tasks.runAll();
    }

    @Test
    public void modelsAreSortedByWhetherTheyVary() throws Exception {
        open("dense.tflite", "version_1.tflite", "throttled.tflite", "masked.tflite");
        // A masked network computes all, whatever its gates say.
        assertEquals(Arrays.asList("dense.tflite", "masked.tflite"), shown.dense.labels());
        assertEquals(
                Arrays.asList("throttled.tflite", "version_1.tflite"), shown.gated.labels());
        assertTrue(shown.canStart);
        assertEquals("Control u: 1.00", shown.setting.label());
        presenter.selectGated(1);
        assertEquals("Threshold \u03c4: 0.50", shown.setting.label());
    }

    @Test
    public void withoutAPairThereIsASentence() throws Exception {
        open("version_1.tflite");
        assertFalse(shown.canStart);
        assertTrue(shown.message, shown.message.startsWith("There is no network to compare"));
        presenter.start();
        assertFalse(shown.isRunning);
        open("dense.tflite");
        assertTrue(shown.canStart);
    }

    @Test
    public void ratioAndSkipEfficiencyAreThoseOfTheResult() throws Exception {
        open("dense.tflite", "version_1.tflite");
        presenter.selectRuns(0);
        presenter.moveSetting(100);
        measure();
        // 12 ms against 2 + 10 / 3 ms; one of three components is open.
        assertEquals("Latency: 0.44 of the dense network's", shown.ratio);
        assertTrue(shown.efficiency, shown.efficiency.startsWith("Skip efficiency: "));
        assertTrue(shown.details, shown.details.startsWith("Executed MACs: "));
        assertNotNull(shown.chart);
        Drawings.drawAll("screen_compare", shown.chart);
        assertTrue(shown.description, shown.description.contains("median 12.0 ms"));
        assertTrue(
                shown.description,
                shown.description.contains("version_1.tflite at \u03c4 = 1.00: median 5.33 ms"));
        assertTrue(shown.message, shown.message.startsWith("Saved as compare-"));
        assertEquals(1, phone.results.names().size());
        assertFalse(shown.canSave);
        assertTrue(shown.canStart);
        assertTrue(phone.occupation.isFree());
    }

    @Test
    public void whileItRunsNothingElseCanBeChosen() throws Exception {
        open("dense.tflite", "version_1.tflite");
        presenter.start();
        assertTrue(shown.isRunning);
        assertFalse(shown.canStart);
        assertFalse(shown.dense.isEnabled());
        assertFalse(shown.runs.isEnabled());
        assertEquals("This can't be changed during a measurement.", shown.setting.reason());
        assertFalse(phone.occupation.isFree());
        assertNotNull(shown.progress);
        presenter.stop();
        while (shown.isRunning) {
            phone.tasks.runOne();
        }
        assertTrue(phone.occupation.isFree());
    }

    @Test
    public void stoppingKeepsWhatWasMeasured() throws Exception {
        open("dense.tflite", "version_1.tflite");
        phone.afterEachRun = new Runnable() {
            @Override
            public void run() {
                if (phone.runs == 60) {
                    presenter.leave();
                }
            }
        };
        measure();
        assertTrue(shown.message, shown.message.startsWith("Only a part was measured."));
        assertTrue(shown.message, shown.message.contains("the app left the screen"));
        assertNotNull(shown.chart);
        assertEquals(1, phone.results.names().size());
    }

    @Test
    public void aRotationKeepsTheRun() throws Exception {
        open("dense.tflite", "version_1.tflite");
        presenter.selectRuns(0);
        presenter.start();
        phone.tasks.runOne();
        presenter.detach(view);
        presenter.attach(view);
        assertTrue(shown.isRunning);
        while (shown.isRunning) {
            phone.tasks.runOne();
        }
        assertTrue(shown.message, shown.message.startsWith("Saved as"));
    }

    @Test
    public void aResultThatCanNotBeWrittenStaysAndCanBeSavedAgain() throws Exception {
        open("dense.tflite", "version_1.tflite");
        presenter.selectRuns(0);
        // A file where the folder should be: nothing can be written.
        File block = new File(folder.getRoot(), "results");
        assertTrue(block.createNewFile());
        measure();
        assertTrue(shown.message, shown.message.startsWith("The result could not be saved"));
        assertNotNull(shown.chart);
        assertTrue(shown.canSave);
        presenter.saveAgain();
        phone.tasks.runAll();
        assertTrue(shown.canSave);
        assertTrue(block.delete());
        presenter.saveAgain();
        phone.tasks.runAll();
        assertTrue(shown.message, shown.message.startsWith("Saved as compare-"));
        assertFalse(shown.canSave);
        assertEquals(1, phone.results.names().size());
    }

    @Test
    public void aModelThatBreaksSaysSo() throws Exception {
        open("dense.tflite", "version_1.tflite");
        phone.runsLeft = 0;
        measure();
        assertTrue(shown.message, shown.message.startsWith("Nothing was measured: "));
        assertTrue(shown.message, shown.message.contains("the model broke"));
        assertNull(shown.chart);
        assertFalse(shown.canSave);
    }

    @Test
    public void onlyOneMeasurementAtATime() throws Exception {
        open("dense.tflite", "version_1.tflite");
        phone.occupation.take(this);
        assertFalse(shown.canStart);
        assertTrue(shown.message, shown.message.startsWith("A measurement is going on."));
        presenter.start();
        assertFalse(shown.isRunning);
    }
}
