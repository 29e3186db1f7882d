package org.tfgate.demo.app.resources;

import java.io.File;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** The app's resources as they lie in the sources. */
public final class ResourceFiles {
    private ResourceFiles() {}

    /** A file or folder of {@code src/main}. */
    public static File main(String path) {
        return new File(System.getProperty("tfgate.app.main"), path);
    }

    /** Where tests may leave pictures for people. */
    public static File drawings() {
        File target = new File(System.getProperty("tfgate.classes")).getParentFile();
        File folder = new File(target, "drawings");
        if (!folder.isDirectory() && !folder.mkdirs()) {
            throw new AssertionError("can't make " + folder);
        }
        return folder;
    }

    public static Document parse(File file) {
        try {
            return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file);
        } catch (ParserConfigurationException | SAXException | IOException error) {
            throw new AssertionError(file.toString(), error);
        }
    }

    /** Values by name of all elements of a kind in {@code res/FOLDER/FILE}. */
    public static Map<String, String> values(String file, String kind) {
        Map<String, String> values = new LinkedHashMap<String, String>();
        NodeList elements = parse(main("res/" + file)).getElementsByTagName(kind);
        for (int i = 0; i < elements.getLength(); i++) {
            Element element = (Element) elements.item(i);
            values.put(element.getAttribute("name"), element.getTextContent());
        }
        return values;
    }
}
