package org.tfgate.demo.app.resources;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import org.junit.Test;
import org.tfgate.demo.BuildConfig;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

public final class ManifestTest {
    private final Document manifest =
            ResourceFiles.parse(ResourceFiles.main("AndroidManifest.xml"));

    private Element only(String tag) {
        assertEquals(tag, 1, manifest.getElementsByTagName(tag).getLength());
        return (Element) manifest.getElementsByTagName(tag).item(0);
    }

    @Test
    public void noPermissionIsAskedFor() {
        for (Element element : Layouts.elements(manifest)) {
            assertFalse(element.getTagName(), element.getTagName().contains("permission"));
            assertEquals("", element.getAttribute("android:permission"));
        }
    }

    @Test
    public void nothingIsBackedUp() {
        assertEquals("false", only("application").getAttribute("android:allowBackup"));
    }

    @Test
    public void theBuildSaysWhetherTheAppCanBeDebugged() {
        assertFalse(only("application").hasAttribute("android:debuggable"));
    }

    @Test
    public void resultsAreReadByThoseAloneWhoAreGivenThem() {
        Element provider = only("provider");
        assertEquals("false", provider.getAttribute("android:exported"));
        assertEquals("true", provider.getAttribute("android:grantUriPermissions"));
        assertEquals(
                BuildConfig.APPLICATION_ID + ".results",
                provider.getAttribute("android:authorities"));
    }

    @Test
    public void everyClassThatIsNamedIsThere() throws Exception {
        int found = 0;
        for (Element element : Layouts.elements(manifest)) {
            String name = element.getAttribute("android:name");
            if (name.startsWith(".")) {
                String file = "java/org/tfgate/demo" + name.replace('.', '/') + ".java";
                assertTrue(name, ResourceFiles.main(file).isFile());
                found++;
            }
        }
        assertEquals(4, found);
    }
}
