package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;
import static org.junit.Assume.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public final class ResultFolderTest {
    /** Linux's file on a full disk. */
    static final File FULL = new File("/dev/full");

    @Rule public final TemporaryFolder temporary = new TemporaryFolder();

    private File folder;
    private ResultFolder results;

    @Before
    public void start() {
        folder = new File(temporary.getRoot(), "results");
        results = new ResultFolder(folder);
    }

    @Test
    public void writesInPlaceOfWhatWasThere() throws Exception {
        assertFalse(results.has("run"));
        File file = results.write("run", ResultFolder.JSON, bytes("a longer text"));
        assertEquals(new File(folder, "run.json"), file);
        results.write("run", ResultFolder.JSON, bytes("{}"));
        assertEquals("{}", read(file));
        assertArrayEquals(new String[] {"run.json"}, folder.list());
        assertTrue(results.has("run"));
    }

    @Test
    public void aFullDiskLeavesWhatWasThere() throws Exception {
        assumeTrue("no " + FULL, FULL.exists());
        File file = results.write("run", ResultFolder.JSON, bytes("before"));
        fill(folder, "run.json");
        try {
            results.write("run", ResultFolder.JSON, bytes("after"));
            fail("not refused");
        } catch (IOException error) {
            assertTrue(
                    error.getMessage(),
                    error.getMessage().startsWith("Expected to write 5 bytes to " + file));
        }
        assertEquals("before", read(file));
        assertArrayEquals(new String[] {"run.json"}, folder.list());
    }

    @Test
    public void aFolderThatCanNotBeMadeIsSaid() throws Exception {
        ResultFolder none = new ResultFolder(null);
        assertRefused(none, "run", "Expected a folder for results, got no storage.");
        assertFalse(none.has("run"));
        assertTrue(none.names().isEmpty());
        File inAFile = new File(temporary.newFile("file"), "results");
        assertRefused(
                new ResultFolder(inAFile), "run",
                "Expected a folder for results, got " + inAFile + ".");
    }

    @Test
    public void namesStayInTheFolder() {
        for (String name : new String[] {"../run", "a/b", "", ".run", "a b", "a\n"}) {
            assertFalse(name, ResultFolder.isName(name));
            assertRefused(results, name, "Expected a name of letters and digits, got ");
        }
        assertTrue(ResultFolder.isName("run-20261128_1.a"));
    }

    @Test
    public void listsTheNewestFirst() throws Exception {
        File old = results.write("b", ResultFolder.JSON, bytes("{}"));
        File young = results.write("a", ResultFolder.JSON, bytes("{}"));
        File table = results.write("a", ResultFolder.CSV, bytes(""));
        File other = new File(folder, "notes.txt");
        assertTrue(other.createNewFile());
        assertTrue(old.setLastModified(1500000));
        assertTrue(young.setLastModified(1000000));
        assertTrue(table.setLastModified(2000000));
        assertEquals(Arrays.asList("a", "b"), results.names());
        assertTrue(old.setLastModified(2000000));
        assertEquals(Arrays.asList("a", "b"), results.names());
        assertTrue(results.delete("a"));
        assertTrue(results.delete("a"));
        assertTrue(other.delete());
        assertArrayEquals(new String[] {"b.json"}, folder.list());
    }

    /** Makes writing a file of this name fail as on a full disk. */
    static void fill(File folder, String name) throws IOException {
        assertTrue(folder.isDirectory() || folder.mkdirs());
        Files.createSymbolicLink(new File(folder, name + ".tmp").toPath(), FULL.toPath());
    }

    private static void assertRefused(ResultFolder results, String name, String message) {
        try {
            results.write(name, ResultFolder.JSON, bytes("{}"));
            fail("not refused: " + name);
        } catch (IOException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith(message));
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String read(File file) throws IOException {
        return new String(Files.readAllBytes(file.toPath()), StandardCharsets.UTF_8);
    }
}
