package org.tfgate.demo.app.results;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.app.bench.ResultFolder;
import org.tfgate.demo.app.screen.FakeDevice;
import org.tfgate.demo.app.screen.Presenter;

public final class ResultsPresenterTest {
    private static final String DOCUMENT =
            "{\"points\": ["
                    + "{\"file\": \"dense\", \"tau\": null, \"u\": null,"
                    + " \"latency_ms\": {\"p50\": 31.5}},"
                    + "{\"file\": \"gated\", \"tau\": 0.5, \"u\": null,"
                    + " \"latency_ms\": {\"p50\": 20.25}},"
                    + "{\"file\": \"slim\", \"tau\": null, \"u\": 0.25,"
                    + " \"latency_ms\": {\"p50\": 8.0}}],"
                    + " \"warnings\": [\"hot\"]}";

    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    private FakeDevice phone;
    private ResultsPresenter presenter;
    private ResultsState shown;

    @Before
    public void start() {
        phone = new FakeDevice(folder.getRoot());
        presenter =
                new ResultsPresenter(phone.texts, phone.tasks, phone.occupation, phone.results);
    }

    private void open() {
        presenter.attach(new Presenter.View<ResultsState>() {
            @Override
            public void show(ResultsState state) {
                shown = state;
            }
        });
        phone.tasks.runAll();
    }

    private void write(String name, String ending, String content, long modified)
            throws IOException {
        File file = phone.results.write(name, ending, content.getBytes(StandardCharsets.UTF_8));
        assertTrue(file.setLastModified(modified));
    }

    @Test
    public void resultsAreListedTheNewestFirst() throws Exception {
        write("old", ResultFolder.JSON, DOCUMENT, 1000000000000L);
        write("old", ResultFolder.CSV, "a,b\r\n", 1000000000000L);
        write("new", ResultFolder.CSV, "a,b\r\n", 1100000000000L);
        open();
        assertNull(shown.message);
        assertEquals(2, shown.results.size());
        ResultFile table = shown.results.get(0);
        assertTrue(table.title, table.title.startsWith("new, "));
        assertEquals("A table of 0.0 kB", table.summary);
        assertNull(table.json);
        ResultFile both = shown.results.get(1);
        assertEquals(
                "dense: median 31.5 ms\n"
                        + "gated at \u03c4 = 0.50: median 20.3 ms\n"
                        + "slim at u = 0.25: median 8.00 ms\n"
                        + "1 warning: see the file",
                both.summary);
        assertEquals("old.json", both.json.getName());
        assertEquals("old.csv", both.csv.getName());
    }

    @Test
    public void aFileThatIsNoResultCanStillBeSharedAndDeleted() throws Exception {
        write("odd", ResultFolder.JSON, "{\"points\": 3}", 1000000000000L);
        open();
        ResultFile odd = shown.results.get(0);
        assertTrue(odd.summary, odd.summary.startsWith("This file can't be read: Expected"));
        assertEquals("odd.json", odd.json.getName());
    }

    @Test
    public void nothingYetIsASentence() {
        open();
        assertTrue(shown.message, shown.message.startsWith("There is no result yet."));
    }

    @Test
    public void deletingAsksFirst() throws Exception {
        write("one", ResultFolder.JSON, DOCUMENT, 1000000000000L);
        write("one", ResultFolder.CSV, "a\r\n", 1000000000000L);
        open();
        presenter.askToDelete(shown.results.get(0));
        assertEquals("one", shown.toDelete.name);
        open();
        assertEquals("a rotation keeps the question", "one", shown.toDelete.name);
        presenter.answer(false);
        phone.tasks.runAll();
        assertNull(shown.toDelete);
        assertEquals(1, shown.results.size());
        presenter.askToDelete(shown.results.get(0));
        presenter.answer(true);
        phone.tasks.runAll();
        assertEquals("one was deleted.", shown.message);
        assertTrue(shown.results.isEmpty());
        assertFalse(phone.results.has("one"));
    }

    @Test
    public void anAnswerWithoutAQuestionDoesNothing() throws Exception {
        write("one", ResultFolder.JSON, DOCUMENT, 1000000000000L);
        open();
        presenter.answer(true);
        phone.tasks.runAll();
        assertTrue(phone.results.has("one"));
    }

    @Test
    public void aCopyIsAsTheResult() throws Exception {
        write("one", ResultFolder.JSON, DOCUMENT, 1000000000000L);
        open();
        assertEquals("one.json", presenter.toSave(shown.results.get(0)).getName());
        final ByteArrayOutputStream copy = new ByteArrayOutputStream();
        presenter.save(new ResultsPresenter.Target() {
            @Override
            public OutputStream open() {
                return copy;
            }
        });
        phone.tasks.runAll();
        assertArrayEquals(DOCUMENT.getBytes(StandardCharsets.UTF_8), copy.toByteArray());
        assertEquals("one.json was saved.", shown.message);
    }

    @Test
    public void aFullDiskIsToldAndTheResultStays() throws Exception {
        write("one", ResultFolder.JSON, DOCUMENT, 1000000000000L);
        open();
        presenter.toSave(shown.results.get(0));
        presenter.save(new ResultsPresenter.Target() {
            @Override
            public OutputStream open() throws IOException {
                throw new IOException("No space left on device");
            }
        });
        phone.tasks.runAll();
        assertEquals(
                "one.json was not saved: No space left on device. The result is still here.",
                shown.message);
        assertEquals(1, shown.results.size());
        presenter.save(null);
        phone.tasks.runAll();
        assertTrue(shown.message, shown.message.startsWith("Nothing was saved"));
    }

    @Test
    public void nothingIsReadDuringAMeasurement() throws Exception {
        phone.occupation.take(this);
        open();
        assertTrue(shown.message, shown.message.startsWith("A measurement is going on."));
        write("one", ResultFolder.JSON, DOCUMENT, 1000000000000L);
        assertTrue(shown.results.isEmpty());
        phone.occupation.release(this);
        phone.tasks.runAll();
        assertEquals(1, shown.results.size());
        phone.occupation.take(this);
        assertTrue("nothing to leave the app with", shown.results.isEmpty());
    }

    @Test
    public void anAddressLeadsToResultsAlone() throws Exception {
        write("one", ResultFolder.JSON, DOCUMENT, 1000000000000L);
        File results = phone.results.file("one", ResultFolder.JSON).getParentFile();
        assertEquals("one.json", ResultPaths.file(results, Arrays.asList("one.json")).getName());
        File other = new File(results.getParentFile(), "models/a.json");
        assertTrue(other.createNewFile());
        refuse(results, "two.json");
        refuse(results, "..", "models");
        refuse(results, "../models/a.json");
        refuse(results, "one.json.tmp");
        refuse(results);
        refuse(null, "one.json");
    }

    @Test
    public void anAddressMayHaveTheLongestName() throws Exception {
        char[] letters = new char[100];
        Arrays.fill(letters, 'a');
        String longest = new String(letters);
        for (String ending : Arrays.asList(ResultFolder.JSON, ResultFolder.CSV)) {
            write(longest, ending, DOCUMENT, 1000000000000L);
            File file = phone.results.file(longest, ending);
            assertEquals(
                    file,
                    ResultPaths.file(file.getParentFile(), Arrays.asList(longest + ending)));
        }
    }

    private static void refuse(File folder, String... segments) {
        try {
            File file = ResultPaths.file(folder, Arrays.asList(segments));
            throw new AssertionError("got " + file);
        } catch (FileNotFoundException error) {
            assertTrue(error.getMessage().startsWith("Expected the address of a result"));
        }
    }
}
