package org.tfgate.demo.app.resources;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import android.content.res.AssetManager;
import java.io.File;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.Test;
import org.tfgate.demo.app.bench.AssetPictures;

public final class AssetsTest {
    private static final String ASSETS = "assets/";

    /** What Android lists of a folder is of the app alone. */
    @Test
    public void noFolderIsOneOfTheFrameworks() throws Exception {
        Set<String> own = new TreeSet<String>();
        for (File file : ResourceFiles.main("assets").listFiles()) {
            if (file.isDirectory()) {
                own.add(file.getName());
            }
        }
        List<String> read = Arrays.asList("models", AssetPictures.FOLDER);
        assertTrue(own.toString(), own.containsAll(read));
        Set<String> frameworks = frameworksFolders();
        assertTrue(frameworks.toString(), frameworks.contains("images"));
        own.retainAll(frameworks);
        assertEquals(Collections.<String>emptySet(), own);
    }

    /** Those of Android's own classes that the app is compiled against. */
    private static Set<String> frameworksFolders() throws Exception {
        File android =
                new File(
                        AssetManager.class.getProtectionDomain().getCodeSource().getLocation()
                                .toURI());
        Set<String> folders = new TreeSet<String>();
        try (JarFile jar = new JarFile(android)) {
            for (JarEntry entry : Collections.list(jar.entries())) {
                String[] parts = entry.getName().split("/");
                if (entry.getName().startsWith(ASSETS) && parts.length > 2) {
                    folders.add(parts[1]);
                }
            }
        }
        return folders;
    }
}
