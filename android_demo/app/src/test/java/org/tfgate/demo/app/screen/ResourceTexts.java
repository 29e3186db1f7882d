package org.tfgate.demo.app.screen;

import java.io.File;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.tfgate.demo.R;
import org.tfgate.demo.app.resources.ResourceFiles;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The app's own texts, read from its sources, in English. */
public final class ResourceTexts implements Texts {
    private final Map<Integer, String> texts = new HashMap<Integer, String>();
    private final Map<Integer, String[]> plurals = new HashMap<Integer, String[]>();

    public ResourceTexts() {
        for (File file : ResourceFiles.main("res/values").listFiles()) {
            String path = "values/" + file.getName();
            for (Map.Entry<String, String> each :
                    ResourceFiles.values(path, "string").entrySet()) {
                texts.put(id(R.string.class, each.getKey()), plain(each.getValue()));
            }
            readPlurals(file);
        }
    }

    private void readPlurals(File file) {
        NodeList all = ResourceFiles.parse(file).getElementsByTagName("plurals");
        for (int i = 0; i < all.getLength(); i++) {
            Element element = (Element) all.item(i);
            NodeList items = element.getElementsByTagName("item");
            String[] oneAndOther = new String[2];
            for (int j = 0; j < items.getLength(); j++) {
                boolean isOne = ((Element) items.item(j)).getAttribute("quantity").equals("one");
                oneAndOther[isOne ? 0 : 1] = plain(items.item(j).getTextContent());
            }
            plurals.put(id(R.plurals.class, element.getAttribute("name")), oneAndOther);
        }
    }

    @Override
    public String get(int id, Object... arguments) {
        return String.format(locale(), texts.get(id), arguments);
    }

    @Override
    public String quantity(int id, int count) {
        return String.format(locale(), plurals.get(id)[count == 1 ? 0 : 1], count);
    }

    @Override
    public Locale locale() {
        return Locale.US;
    }

    private static String plain(String text) {
        return text.replace("\\'", "'");
    }

    private static int id(Class<?> kind, String name) {
        try {
            Field field = kind.getField(name);
            return field.getInt(null);
        } catch (ReflectiveOperationException error) {
            throw new AssertionError(name, error);
        }
    }
}
