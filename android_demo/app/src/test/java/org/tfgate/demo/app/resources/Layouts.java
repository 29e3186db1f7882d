package org.tfgate.demo.app.resources;

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** Layout files, and what their elements come to when styles are applied. */
final class Layouts {
    private Layouts() {}

    /** All layout files of a folder of {@code res}, by name. */
    static Map<String, File> files(String folder) {
        Map<String, File> files = new TreeMap<String, File>();
        for (File file : ResourceFiles.main("res/" + folder).listFiles()) {
            files.put(file.getName(), file);
        }
        return files;
    }

    /** All elements of all layouts, with what messages call them. */
    static Map<String, Element> elements() {
        Map<String, Element> elements = new TreeMap<String, Element>();
        for (String folder : Arrays.asList("layout", "layout-land")) {
            for (File file : files(folder).values()) {
                int number = 0;
                for (Element element : elements(ResourceFiles.parse(file))) {
                    elements.put(
                            folder + "/" + file.getName() + " " + String.format("%03d", number++)
                                    + " " + element.getTagName() + " " + id(element),
                            element);
                }
            }
        }
        return elements;
    }

    static List<Element> elements(Document document) {
        List<Element> elements = new ArrayList<Element>();
        NodeList all = document.getElementsByTagName("*");
        for (int i = 0; i < all.getLength(); i++) {
            elements.add((Element) all.item(i));
        }
        return elements;
    }

    /** Names of all ids of a layout, those of what it includes included, in order. */
    static List<String> ids(File file) {
        List<String> ids = new ArrayList<String>();
        for (Element element : elements(ResourceFiles.parse(file))) {
            if (element.getTagName().equals("include")) {
                String name = element.getAttribute("layout").substring("@layout/".length());
                ids.addAll(ids(ResourceFiles.main("res/layout/" + name + ".xml")));
            } else if (!id(element).isEmpty()) {
                ids.add(id(element));
            }
        }
        return ids;
    }

    static String id(Element element) {
        return element.getAttribute("android:id").replaceAll("@\\+?id/", "");
    }

    /** An attribute, of the element or of its style; empty if neither has it. */
    static String attribute(Element element, String name) {
        String own = element.getAttribute(name);
        if (!own.isEmpty() || element.getAttribute("style").isEmpty()) {
            return own;
        }
        return ofStyle(element.getAttribute("style").substring("@style/".length()), name);
    }

    static String ofStyle(String style, String name) {
        for (Element each :
                elements(ResourceFiles.parse(ResourceFiles.main("res/values/styles.xml")))) {
            Node parent = each.getParentNode();
            boolean isOfStyle = parent instanceof Element
                    && ((Element) parent).getAttribute("name").equals(style);
            if (isOfStyle && each.getAttribute("name").equals(name)) {
                return each.getTextContent();
            }
        }
        return "";
    }

    /** A dimension in dp, through {@code @dimen}; -1 if it is none in dp. */
    static float dp(String value) {
        String number = value;
        if (value.startsWith("@dimen/")) {
            number = ResourceFiles.values("values/dimens.xml", "dimen")
                    .get(value.substring("@dimen/".length()));
        }
        return number.endsWith("dp")
                ? Float.parseFloat(number.substring(0, number.length() - 2))
                : -1.0f;
    }
}
