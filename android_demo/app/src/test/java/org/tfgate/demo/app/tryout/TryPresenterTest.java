package org.tfgate.demo.app.tryout;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.app.CoreFiles;
import org.tfgate.demo.app.chart.BlockStrip;
import org.tfgate.demo.app.chart.Drawings;
import org.tfgate.demo.app.screen.FakeDevice;
import org.tfgate.demo.app.screen.Presenter;

public final class TryPresenterTest {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    private FakeDevice phone;
    private TryPresenter presenter;
    private TryState shown;
    private final Presenter.View<TryState> view =
            new Presenter.View<TryState>() {
                @Override
                public void show(TryState state) {
                    shown = state;
                }
            };

    @Before
    public void start() {
        phone = new FakeDevice(folder.getRoot());
        presenter =
                new TryPresenter(
                        phone.texts, phone.tasks, phone.occupation, phone.models, phone, phone);
    }

    private void open(String... models) throws Exception {
        phone.push(models);
        presenter.attach(view);
        phone.tasks.runAll();
    }

    private void select(String model) {
        presenter.selectModel(shown.models.labels().indexOf(model));
        phone.tasks.runAll();
    }

    @Test
    public void aGatedModelAndTheFirstPictureAreTriedAtOnce() throws Exception {
        open("dense.tflite", "version_1.tflite");
        assertEquals(Arrays.asList("dense.tflite", "version_1.tflite"), shown.models.labels());
        assertEquals(1, shown.models.selected());
        assertEquals(Arrays.asList("a.png", "b.png"), shown.pictures.labels());
        assertEquals(0, shown.pictures.selected());
        assertNull(shown.message);
        assertTrue(shown.canRun);
        // Probabilities 1/3, 2/3, 1 at a threshold of 0.5: two of three are open.
        assertEquals("8.67 ms on 1 thread", shown.latency);
        assertTrue(shown.classes, shown.classes.startsWith("1. class 0: 50 %\n2. class 2: 20 %"));
        assertEquals(5, shown.classes.split("\n").length);
        assertNotNull(shown.picture);
        assertTrue(shown.pictureText, shown.pictureText.startsWith("a.png, as the model sees"));
    }

    @Test
    public void theStripSaysWhatRanAndHowMuchThatIs() throws Exception {
        open("version_1.tflite");
        List<BlockStrip.Cell> cells = shown.strip.cells();
        assertEquals("always", cells.get(0).name());
        assertEquals("block1", cells.get(1).name());
        assertEquals(0.0, cells.get(1).openShare(), 0.0);
        assertEquals("block2", cells.get(2).name());
        assertEquals(1.0, cells.get(2).openShare(), 0.0);
        assertEquals("Ran: block2.\nSkipped: block1.", shown.stripText);
        assertNull(shown.stripNote);
        presenter.moveTau(100);
        phone.tasks.runAll();
        assertEquals(
                "Ran: block2 (1 of 2 parts).\nSkipped: block1.", shown.stripText);
        assertEquals(0.5, shown.strip.cells().get(2).openShare(), 0.0);
        Drawings.drawAll("screen_try", shown.strip);
        assertTrue(shown.macs, shown.macs.startsWith("Executed "));
    }

    @Test
    public void slidersActAtOnceAndTheNewestOfSeveralMovesCounts() throws Exception {
        open("version_1.tflite");
        int runs = phone.runs;
        presenter.moveTau(10);
        presenter.moveTau(20);
        presenter.moveTau(0);
        assertEquals(1, phone.tasks.waiting());
        phone.tasks.runAll();
        assertEquals("the first and the last", runs + 2, phone.runs);
        assertEquals("12.0 ms on 1 thread", shown.latency);
        assertEquals("Threshold \u03c4: 0.00", shown.tau.label());
        assertEquals(0, shown.tau.progress());
        assertEquals(1, phone.opened);
    }

    @Test
    public void aSliderThatDoesNothingSaysWhy() throws Exception {
        open("version_1.tflite", "dense.tflite", "masked.tflite", "throttled.tflite");
        select("version_1.tflite");
        assertTrue(shown.tau.isEnabled());
        assertEquals(
                "This file has no input u: its network was not trained for it.",
                shown.u.reason());
        select("dense.tflite");
        assertEquals("This network has no gates: all of it always runs.", shown.tau.reason());
        assertEquals(shown.tau.reason(), shown.u.reason());
        select("masked.tflite");
        assertFalse(shown.tau.isEnabled());
        assertEquals("\u03c4 was fixed at 0.25 when this file was converted.",
                shown.tau.reason());
        assertEquals(25, shown.tau.progress());
        select("throttled.tflite");
        assertTrue(shown.u.isEnabled());
        assertEquals("This file has no input \u03c4.", shown.tau.reason());
        assertEquals(100, shown.u.progress());
        presenter.moveU(0);
        phone.tasks.runAll();
        assertTrue(shown.macs, shown.macs.endsWith("50 %"));
    }

    @Test
    public void networksThatTellNoBlocksSayWhy() throws Exception {
        open("dense.tflite", "untold.tflite");
        select("dense.tflite");
        assertNull(shown.strip);
        assertEquals("This network has no gates: all of it ran.", shown.stripNote);
        assertTrue(shown.classes, shown.classes.startsWith("1. cat: 50 %"));
        select("untold.tflite");
        assertNull(shown.strip.cells().get(1).openShare());
        assertTrue(shown.stripNote, shown.stripNote.contains("--gate_outputs"));
        assertNull(shown.macs);
    }

    @Test
    public void modelsThatCanNotBeUsedSayWhyInPlainWords() throws Exception {
        byte[] good = CoreFiles.model("version_1.tflite");
        byte[] damaged = good.clone();
        damaged[30] ^= 1;
        phone.push("damaged.tflite", damaged);
        phone.push("text.tflite", "no model at all".getBytes(StandardCharsets.US_ASCII));
        phone.push("cut.tflite", Arrays.copyOf(good, good.length - 30));
        phone.push(
                "newer.tflite",
                CoreFiles.withDocument(
                        "version_1.tflite", "\"schema_version\":1", "\"schema_version\":99"));
        open("version_1.tflite");
        assertMessage("damaged.tflite", "is damaged");
        assertMessage("text.tflite", "is not a .tflite file");
        assertMessage("cut.tflite", "does not describe itself");
        assertMessage("newer.tflite", "newer version of tfgate");
        phone.memory = 1;
        presenter.attach(view);
        phone.tasks.runAll();
        assertMessage("version_1.tflite", "needs more memory");
        assertFalse(shown.canRun);
    }

    private void assertMessage(String model, String part) {
        for (int i = 0; i < shown.models.labels().size(); i++) {
            if (shown.models.labels().get(i).startsWith(model)) {
                presenter.selectModel(i);
                phone.tasks.runAll();
            }
        }
        assertTrue(shown.message, shown.message.startsWith(model));
        assertTrue(shown.message, shown.message.contains(part));
        assertNull(shown.classes);
    }

    @Test
    public void aModelThatBreaksSaysSoAndCanBeTriedAgain() throws Exception {
        phone.runsLeft = 0;
        open("version_1.tflite");
        assertEquals("version_1.tflite can't be run: the model broke", shown.message);
        assertNull(shown.classes);
        phone.runsLeft = 10;
        presenter.runAgain();
        phone.tasks.runAll();
        assertNull(shown.message);
        assertNotNull(shown.classes);
    }

    @Test
    public void aPictureThatDoesNotDecodeSaysSo() throws Exception {
        phone.undecodable.add("b.png");
        open("version_1.tflite");
        presenter.selectPicture(1);
        phone.tasks.runAll();
        assertTrue(shown.message, shown.message.startsWith("b.png can't be used as a picture"));
        assertTrue(shown.message, shown.message.contains("Android decodes"));
        presenter.selectPicture(0);
        phone.tasks.runAll();
        assertNull(shown.message);
    }

    @Test
    public void aChosenPictureJoinsTheList() throws Exception {
        open("version_1.tflite");
        presenter.choosePicture(phone, "mine.jpg");
        phone.tasks.runAll();
        assertEquals(
                Arrays.asList("a.png", "b.png", "Chosen: mine.jpg"), shown.pictures.labels());
        assertEquals(2, shown.pictures.selected());
        assertTrue(shown.pictureText, shown.pictureText.startsWith("mine.jpg"));
        presenter.selectPicture(0);
        phone.tasks.runAll();
        assertTrue(shown.pictureText, shown.pictureText.startsWith("a.png"));
    }

    @Test
    public void picturesThatCameMeanwhileAreOffered() throws Exception {
        open("version_1.tflite");
        int runs = phone.runs;
        phone.pictures = Arrays.asList("a.png", "c.png");
        presenter.attach(view);
        phone.tasks.runAll();
        assertEquals(Arrays.asList("a.png", "c.png"), shown.pictures.labels());
        assertEquals(0, shown.pictures.selected());
        assertEquals("what is chosen is still there", runs, phone.runs);
        phone.pictures = Arrays.asList("c.png", "d.png");
        presenter.attach(view);
        phone.tasks.runAll();
        assertEquals(Arrays.asList("c.png", "d.png"), shown.pictures.labels());
        assertEquals(0, shown.pictures.selected());
        assertTrue(shown.pictureText, shown.pictureText.startsWith("c.png"));
    }

    @Test
    public void aPictureOfTheSameNameIsDecodedAnew() throws Exception {
        open("version_1.tflite");
        int decoded = phone.decoded;
        presenter.runAgain();
        phone.tasks.runAll();
        assertEquals("it is kept while it is shown", decoded, phone.decoded);
        presenter.attach(view);
        phone.tasks.runAll();
        presenter.runAgain();
        phone.tasks.runAll();
        assertEquals(decoded + 1, phone.decoded);
    }

    @Test
    public void aPictureThatWentMakesWayForTheChosenOne() throws Exception {
        open("version_1.tflite");
        presenter.choosePicture(phone, "mine.jpg");
        presenter.selectPicture(1);
        phone.tasks.runAll();
        phone.pictures = new ArrayList<String>();
        presenter.attach(view);
        phone.tasks.runAll();
        assertEquals(Arrays.asList("Chosen: mine.jpg"), shown.pictures.labels());
        assertEquals(0, shown.pictures.selected());
        assertTrue(shown.pictureText, shown.pictureText.startsWith("mine.jpg"));
    }

    @Test
    public void picturesAreNotLookedForDuringAMeasurement() throws Exception {
        open("version_1.tflite");
        phone.occupation.take(this);
        phone.pictures = Arrays.asList("c.png");
        presenter.attach(view);
        phone.tasks.runAll();
        assertEquals(Arrays.asList("a.png", "b.png"), shown.pictures.labels());
        phone.occupation.release(this);
        phone.tasks.runAll();
        assertEquals(Arrays.asList("c.png"), shown.pictures.labels());
        assertTrue(shown.pictureText, shown.pictureText.startsWith("c.png"));
    }

    @Test
    public void withoutModelsOrPicturesThereIsASentence() throws Exception {
        phone.pictures = new ArrayList<String>();
        open();
        assertTrue(shown.message, shown.message.startsWith("There is no model."));
        assertFalse(shown.canRun);
        assertEquals("There is no model.", shown.tau.reason());
        open("version_1.tflite");
        assertEquals("There is no picture in the app. Choose one.", shown.message);
    }

    @Test
    public void listsThatCanNotBeReadSayWhy() throws Exception {
        phone.picturesBroken = "broken";
        open("version_1.tflite");
        assertEquals("The pictures can't be listed: broken", shown.message);
        phone.modelsBroken = "lost";
        presenter.attach(view);
        phone.tasks.runAll();
        assertEquals("The models can't be listed: lost", shown.message);
    }

    @Test
    public void aRotationLosesNothing() throws Exception {
        open("version_1.tflite", "dense.tflite");
        presenter.moveTau(80);
        phone.tasks.runAll();
        String classes = shown.classes;
        int runs = phone.runs;
        presenter.detach(view);
        shown = null;
        presenter.attach(view);
        assertEquals(80, shown.tau.progress());
        assertEquals(classes, shown.classes);
        assertEquals("nothing was run again", runs, phone.runs);
    }

    @Test
    public void aViewThatIsGoneHearsNothing() throws Exception {
        open("version_1.tflite");
        presenter.detach(view);
        shown = null;
        presenter.moveTau(80);
        phone.tasks.runAll();
        assertNull(shown);
    }

    @Test
    public void choicesSurviveTheEndOfTheProcess() throws Exception {
        open("version_1.tflite", "dense.tflite");
        presenter.moveTau(30);
        presenter.selectPicture(1);
        phone.tasks.runAll();
        Map<String, String> saved = new HashMap<String, String>(presenter.save());
        presenter =
                new TryPresenter(
                        phone.texts, phone.tasks, phone.occupation, phone.models, phone, phone);
        presenter.restore(saved);
        presenter.attach(view);
        phone.tasks.runAll();
        assertEquals("version_1.tflite", shown.models.labels().get(shown.models.selected()));
        assertEquals(1, shown.pictures.selected());
        assertEquals(30, shown.tau.progress());
        assertNotNull(shown.classes);
        presenter.restore(Collections.singletonMap("model", "dense.tflite"));
        assertEquals("what is chosen stays", "version_1.tflite", presenter.save().get("model"));
    }

    @Test
    public void nothingRunsDuringAMeasurement() throws Exception {
        open("version_1.tflite");
        phone.occupation.take(this);
        phone.tasks.runAll();
        assertEquals("the model was closed", 1, phone.closed);
        int runs = phone.runs;
        presenter.moveTau(10);
        phone.tasks.runAll();
        assertEquals(runs, phone.runs);
        assertTrue(shown.message, shown.message.startsWith("A measurement is going on."));
        assertFalse(shown.canRun);
        assertFalse("the app must not be left", shown.canChoose);
        phone.occupation.release(this);
        assertTrue(shown.canChoose);
        assertTrue(shown.canRun);
        presenter.runAgain();
        phone.tasks.runAll();
        assertEquals(10, shown.tau.progress());
        assertEquals("12.0 ms on 1 thread", shown.latency);
    }
}
