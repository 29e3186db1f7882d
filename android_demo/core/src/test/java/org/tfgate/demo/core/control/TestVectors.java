package org.tfgate.demo.core.control;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tfgate.demo.core.TestFiles;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonReader;

/** tfgate/control/test_vectors.json, read where it lies. */
final class TestVectors {
    private static final int VERSION = 1;

    private TestVectors() {}

    static JsonObject read() throws IOException, JsonException {
        File file = new File(System.getProperty("tfgate.control.vectors"));
        JsonObject vectors =
                JsonObject.of(withNumbers(JsonReader.read(TestFiles.read(file))), "vectors");
        if (!vectors.text("format").equals("tfgate.control.test_vectors")
                || vectors.integer("version") != VERSION) {
            throw new JsonException("Expected test vectors of version " + VERSION + ": " + file);
        }
        return vectors;
    }

    /** The name in a message "Expected NAME ...". */
    static String argumentOf(Exception error) {
        return error.getMessage().split(" ")[1];
    }

    /** The file writes numbers that JSON does not have as words. */
    private static Object withNumbers(Object value) {
        if (value instanceof Map) {
            Map<String, Object> members = new LinkedHashMap<String, Object>();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                members.put((String) entry.getKey(), withNumbers(entry.getValue()));
            }
            return members;
        }
        if (value instanceof List) {
            List<Object> elements = new ArrayList<Object>();
            for (Object element : (List<?>) value) {
                elements.add(withNumbers(element));
            }
            return elements;
        }
        if ("NaN".equals(value) || "Infinity".equals(value) || "-Infinity".equals(value)) {
            return Double.valueOf((String) value);
        }
        return value;
    }
}
