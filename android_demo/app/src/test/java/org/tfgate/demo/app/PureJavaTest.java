package org.tfgate.demo.app;

import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.Test;

/** What a screen shows is decided in pure Java, so that it can be tested without a phone. */
public final class PureJavaTest {
    private static final List<String> PACKAGES =
            Arrays.asList(
                    "chart", "measure", "tryout", "compare", "sweep", "adapt", "results");

    // A screen shows, and the others pass files from and to other apps.
    private static final Pattern ANDROID =
            Pattern.compile("(\\w+Screen|ChosenPicture|ResultProvider)\\.java");

    @Test
    public void onlyScreensKnowAndroid() throws Exception {
        int pure = 0;
        for (String name : PACKAGES) {
            for (File file : sources(name)) {
                if (!ANDROID.matcher(file.getName()).matches()) {
                    assertFalse(file.toString(), text(file).contains("import android"));
                    pure++;
                }
            }
        }
        assertTrue(pure + " files", pure > 40);
    }

    @Test
    public void chartsKnowNothingOfTheApp() throws Exception {
        for (File file : sources("chart")) {
            assertFalse(file.toString(), text(file).contains("org.tfgate.demo.R"));
        }
    }

    private static String text(File file) throws IOException {
        return new String(Files.readAllBytes(file.toPath()), StandardCharsets.UTF_8);
    }

    private static List<File> sources(String name) {
        File folder =
                new File(
                        System.getProperty("tfgate.app.main"), "java/org/tfgate/demo/app/" + name);
        return new ArrayList<File>(Arrays.asList(folder.listFiles()));
    }
}
