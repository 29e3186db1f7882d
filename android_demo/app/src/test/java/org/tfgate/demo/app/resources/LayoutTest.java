package org.tfgate.demo.app.resources;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.Test;
import org.w3c.dom.Attr;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;

/** What layouts must be like for large fonts, screen readers, fingers and landscape. */
public final class LayoutTest {
    private static final List<String> TEXTS =
            Arrays.asList("TextView", "Button", "RadioButton", "Spinner", "CheckBox");
    private static final List<String> TOUCHED =
            Arrays.asList("Button", "RadioButton", "Spinner", "SeekBar", "CheckBox");
    private static final float LEAST_TOUCH_DP = 48.0f;

    @Test
    public void picturesAndChartsHaveADescription() {
        int found = 0;
        for (Map.Entry<String, Element> each : Layouts.elements().entrySet()) {
            String tag = each.getValue().getTagName();
            if (tag.contains(".") || tag.equals("ImageView") || tag.equals("SeekBar")) {
                boolean described =
                        !each.getValue().getAttribute("android:contentDescription").isEmpty();
                boolean unimportant =
                        each.getValue()
                                .getAttribute("android:importantForAccessibility")
                                .equals("no");
                assertTrue(each.getKey(), described || unimportant);
                found++;
            }
        }
        assertTrue(found + " found", found >= 8);
    }

    @Test
    public void everyListToChooseFromHasALabel() {
        Set<String> labelled = new HashSet<String>();
        for (Element each : Layouts.elements().values()) {
            labelled.add(each.getAttribute("android:labelFor").replaceAll("@\\+?id/", ""));
        }
        for (Map.Entry<String, Element> each : Layouts.elements().entrySet()) {
            if (each.getValue().getTagName().equals("Spinner")) {
                assertTrue(each.getKey(), labelled.contains(Layouts.id(each.getValue())));
            }
        }
    }

    @Test
    public void wordsAreInTheResources() {
        for (Map.Entry<String, Element> each : Layouts.elements().entrySet()) {
            for (String name : Arrays.asList("text", "contentDescription", "hint", "title")) {
                String value = each.getValue().getAttribute("android:" + name);
                assertTrue(
                        each.getKey() + " " + name,
                        value.isEmpty() || value.startsWith("@string/"));
            }
        }
    }

    @Test
    public void textsGrow() {
        for (Map.Entry<String, Element> each : Layouts.elements().entrySet()) {
            Element element = each.getValue();
            if (!TEXTS.contains(element.getTagName())) {
                continue;
            }
            assertEquals(
                    each.getKey(), "wrap_content",
                    Layouts.attribute(element, "android:layout_height"));
            for (String cut :
                    Arrays.asList("maxLines", "lines", "singleLine", "ellipsize", "maxHeight")) {
                assertEquals(
                        each.getKey(), "", Layouts.attribute(element, "android:" + cut));
            }
        }
    }

    @Test
    public void textSizesFollowThePerson() {
        for (String folder : Arrays.asList("values", "values-night", "layout", "layout-land")) {
            for (File file : ResourceFiles.main("res/" + folder).listFiles()) {
                for (Element element : Layouts.elements(ResourceFiles.parse(file))) {
                    String size = element.getAttribute("android:textSize");
                    if (element.getAttribute("name").equals("android:textSize")) {
                        size = element.getTextContent();
                    }
                    assertTrue(file + ": " + size, size.isEmpty() || size.endsWith("sp"));
                }
            }
        }
        assertTrue(ResourceFiles.values("values/dimens.xml", "dimen").get("chart_text")
                .endsWith("sp"));
    }

    @Test
    public void textsStandInSomethingThatScrolls() {
        for (Map.Entry<String, Element> each : Layouts.elements().entrySet()) {
            if (!each.getKey().contains("/screen_") && !each.getKey().contains("/main")) {
                continue;
            }
            String tag = each.getValue().getTagName();
            if (TEXTS.contains(tag) || tag.equals("include")) {
                boolean scrolls = false;
                Node parent = each.getValue().getParentNode();
                for (; parent instanceof Element; parent = parent.getParentNode()) {
                    scrolls |= ((Element) parent).getTagName().endsWith("ScrollView");
                }
                assertTrue(each.getKey(), scrolls);
            }
        }
    }

    @Test
    public void whatIsTouchedIsLargeEnough() {
        int found = 0;
        for (Map.Entry<String, Element> each : Layouts.elements().entrySet()) {
            if (TOUCHED.contains(each.getValue().getTagName())) {
                String height = Layouts.attribute(each.getValue(), "android:minHeight");
                assertTrue(each.getKey() + " " + height, Layouts.dp(height) >= LEAST_TOUCH_DP);
                found++;
            }
        }
        assertTrue(found + " found", found >= 20);
    }

    @Test
    public void landscapeHasTheSameParts() {
        Map<String, File> portrait = Layouts.files("layout");
        Map<String, File> landscape = Layouts.files("layout-land");
        assertTrue(landscape.size() >= 4);
        for (Map.Entry<String, File> each : landscape.entrySet()) {
            assertEquals(
                    each.getKey(),
                    new TreeSet<String>(Layouts.ids(portrait.get(each.getKey()))),
                    new TreeSet<String>(Layouts.ids(each.getValue())));
        }
    }

    @Test
    public void noIdIsInALayoutTwice() {
        for (String folder : Arrays.asList("layout", "layout-land")) {
            for (Map.Entry<String, File> each : Layouts.files(folder).entrySet()) {
                List<String> ids = Layouts.ids(each.getValue());
                assertEquals(each.getKey(), new HashSet<String>(ids).size(), ids.size());
            }
        }
    }

    @Test
    public void sidesFollowTheDirectionOfReading() {
        for (Map.Entry<String, Element> each : Layouts.elements().entrySet()) {
            NamedNodeMap attributes = each.getValue().getAttributes();
            for (int i = 0; i < attributes.getLength(); i++) {
                String name = ((Attr) attributes.item(i)).getName();
                assertFalse(
                        each.getKey() + " " + name,
                        name.endsWith("Left") || name.endsWith("Right"));
            }
        }
    }
}
