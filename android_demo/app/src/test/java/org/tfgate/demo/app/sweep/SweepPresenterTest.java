package org.tfgate.demo.app.sweep;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.app.chart.Drawings;
import org.tfgate.demo.app.screen.FakeDevice;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.core.device.ThermalStatus;

public final class SweepPresenterTest {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    private FakeDevice phone;
    private SweepPresenter presenter;
    private SweepState shown;

    @Before
    public void start() {
        phone = new FakeDevice(folder.getRoot());
        presenter = new SweepPresenter(phone.kit());
    }

    private void open(String... models) throws Exception {
        phone.push(models);
        presenter.attach(new Presenter.View<SweepState>() {
            @Override
            public void show(SweepState state) {
                shown = state;
            }
        });
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
    public void everySettingHasALineAndAPoint() throws Exception {
        open("version_1.tflite");
        presenter.selectRuns(0);
        measure();
        String[] lines = shown.details.split("\n");
        assertEquals(12, lines.length);
        assertEquals("version_1.tflite", lines[0]);
        assertTrue(lines[1], lines[1].startsWith("\u03c4 = 0.00: 12.0 ms, "));
        assertTrue(lines[11], lines[11].startsWith("\u03c4 = 1.00: 5.33 ms, "));
        assertNotNull(shown.chart);
        Drawings.drawAll("screen_sweep", shown.chart);
        assertTrue(shown.description, shown.description.contains(lines[1]));
        assertTrue(shown.description, shown.description.contains(lines[11]));
        assertTrue(shown.message, shown.message.startsWith("Saved as sweep-"));
    }

    @Test
    public void overUForANetworkWithThatInput() throws Exception {
        open("throttled.tflite");
        presenter.selectRuns(0);
        measure();
        String[] lines = shown.details.split("\n");
        assertTrue(lines[1], lines[1].startsWith("u = 0.00: "));
        assertTrue(lines[11], lines[11].startsWith("u = 1.00: 12.0 ms, "));
    }

    @Test
    public void withoutDecisionsThereIsLatencyAlone() throws Exception {
        open("untold.tflite");
        presenter.selectRuns(0);
        measure();
        assertTrue(shown.details, shown.details.contains("MACs not known"));
        assertNotNull(shown.chart);
    }

    @Test
    public void aNetworkWithoutInputCanNotBeSwept() throws Exception {
        open("dense.tflite", "masked.tflite");
        assertFalse(shown.canStart);
        assertEquals("There is no network with an input \u03c4 or u.", shown.message);
        assertTrue(shown.models.labels().isEmpty());
        presenter.start();
        assertFalse(shown.isRunning);
        assertNull(shown.chart);
    }

    @Test
    public void aHotPhoneStopsItAndSaysSo() throws Exception {
        open("version_1.tflite");
        phone.status = ThermalStatus.SEVERE;
        measure();
        assertTrue(shown.message, shown.message.startsWith("Nothing was measured: "));
    }
}
