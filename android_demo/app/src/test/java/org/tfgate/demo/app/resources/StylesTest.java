package org.tfgate.demo.app.resources;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.Test;
import org.w3c.dom.Element;

public final class StylesTest {
    private static final Pattern VALUES = Pattern.compile("values.*?(?:-v(\\d+))?");
    private static final int DARK_BUTTONS = 27;

    /** Android's buttons are white before it can draw dark ones. */
    @Test
    public void theNavigationBarHasAColourOnlyWhereItsButtonsCanBeDark() {
        int found = 0;
        for (File folder : ResourceFiles.main("res").listFiles()) {
            Matcher name = VALUES.matcher(folder.getName());
            if (!name.matches()) {
                continue;
            }
            for (File file : folder.listFiles()) {
                boolean hasColour = styles(file, "android:navigationBarColor");
                assertEquals(
                        file.toString(), hasColour,
                        styles(file, "android:windowLightNavigationBar"));
                if (hasColour) {
                    assertTrue(file.toString(), name.group(1) != null);
                    assertTrue(
                            file.toString(), Integer.parseInt(name.group(1)) >= DARK_BUTTONS);
                    found++;
                }
            }
        }
        assertEquals(1, found);
    }

    /** Whether a file's styles set an attribute. */
    private static boolean styles(File file, String attribute) {
        for (Element element : Layouts.elements(ResourceFiles.parse(file))) {
            if (element.getAttribute("name").equals(attribute)) {
                return true;
            }
        }
        return false;
    }
}
