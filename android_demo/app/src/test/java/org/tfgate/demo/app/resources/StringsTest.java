package org.tfgate.demo.app.resources;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.Test;
import org.w3c.dom.Element;

public final class StringsTest {
    private static final Pattern USE =
            Pattern.compile("(?:R\\.|@)(string|plurals|color|dimen|bool|drawable|layout|style)"
                    + "[./](\\w+)");
    private static final Pattern PLACE = Pattern.compile("%(?:(\\d)\\$)?([a-zA-Z%])");

    /** Kind and name of every resource that is defined in {@code values}. */
    private static Set<String> defined() {
        Set<String> defined = new TreeSet<String>();
        for (File file : ResourceFiles.main("res/values").listFiles()) {
            for (Element element : Layouts.elements(ResourceFiles.parse(file))) {
                boolean isResource =
                        element.getParentNode().getNodeName().equals("resources");
                // A dot in a style's name names its parent, not another thing.
                if (isResource) {
                    String name = element.getAttribute("name").replace('.', '_');
                    defined.add(element.getTagName() + " " + name);
                }
            }
        }
        return defined;
    }

    /** Kind and name of every resource that sources and resources speak of. */
    private static Set<String> used() throws IOException {
        Set<String> used = new HashSet<String>();
        collect(ResourceFiles.main(""), used);
        return used;
    }

    private static void collect(File file, Set<String> used) throws IOException {
        if (file.isDirectory()) {
            for (File each : file.listFiles()) {
                collect(each, used);
            }
        } else if (file.getName().endsWith(".java") || file.getName().endsWith(".xml")) {
            String text = new String(Files.readAllBytes(file.toPath()), StandardCharsets.UTF_8);
            Matcher matcher = USE.matcher(text);
            while (matcher.find()) {
                used.add(matcher.group(1) + " " + matcher.group(2));
            }
        }
    }

    private static Map<String, String> strings() {
        Map<String, String> strings = new TreeMap<String, String>();
        for (File file : ResourceFiles.main("res/values").listFiles()) {
            strings.putAll(ResourceFiles.values("values/" + file.getName(), "string"));
            strings.putAll(ResourceFiles.values("values/" + file.getName(), "item"));
        }
        return strings;
    }

    @Test
    public void everyResourceIsUsed() throws Exception {
        Set<String> unused = defined();
        assertTrue(unused.size() > 100);
        unused.removeAll(used());
        // The parents of the theme, which it has by name.
        unused.removeAll(Arrays.asList("style App_Base", "style App_Plain"));
        assertEquals(new TreeSet<String>(), unused);
    }

    @Test
    public void placesAreNumbered() {
        for (Map.Entry<String, String> each : strings().entrySet()) {
            Matcher matcher = PLACE.matcher(each.getValue());
            while (matcher.find()) {
                boolean isPercent = matcher.group(2).equals("%");
                assertTrue(each.getKey(), isPercent || matcher.group(1) != null);
            }
        }
    }

    @Test
    public void noTextIsEmpty() {
        for (Map.Entry<String, String> each : strings().entrySet()) {
            assertFalse(each.getKey(), each.getValue().trim().isEmpty());
        }
    }

    @Test
    public void pluralsHaveOneAndOther() {
        for (File file : ResourceFiles.main("res/values").listFiles()) {
            for (Element element : Layouts.elements(ResourceFiles.parse(file))) {
                if (element.getTagName().equals("plurals")) {
                    Set<String> quantities = new HashSet<String>();
                    for (int i = 0; i < element.getElementsByTagName("item").getLength(); i++) {
                        quantities.add(
                                ((Element) element.getElementsByTagName("item").item(i))
                                        .getAttribute("quantity"));
                    }
                    assertEquals(
                            element.getAttribute("name"),
                            new HashSet<String>(Arrays.asList("one", "other")), quantities);
                }
            }
        }
    }

    @Test
    public void nightHasTheSameNames() {
        for (File file : ResourceFiles.main("res/values-night").listFiles()) {
            for (String kind : Arrays.asList("color", "bool", "style")) {
                assertEquals(
                        kind,
                        ResourceFiles.values("values/" + file.getName(), kind).keySet(),
                        ResourceFiles.values("values-night/" + file.getName(), kind).keySet());
            }
        }
    }
}
