package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.Arrays;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public final class FolderPicturesTest {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    @Test
    public void takesWholeFilesInTheOrderOfTheirNames() throws Exception {
        for (String name : new String[] {"b.jpg", "a.png", "c.png.part", ".nomedia", "no.txt"}) {
            folder.newFile(name);
        }
        folder.newFolder("folder.png");
        // What is no picture is left out when it is decoded, and named.
        assertEquals(
                Arrays.asList("a.png", "b.jpg", "no.txt"),
                new FolderPictures(folder.getRoot()).names());
    }

    @Test
    public void aFolderThatIsNotThereHasNone() {
        assertTrue(new FolderPictures(null).names().isEmpty());
        assertTrue(new FolderPictures(new File(folder.getRoot(), "missing")).names().isEmpty());
    }
}
