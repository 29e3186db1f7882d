package org.tfgate.demo.core.metadata;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.util.List;
import org.junit.Test;
import org.tfgate.demo.core.TestFiles;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonReader;

/** Files and answers of {@code python -m tools.android_vectors}. */
public final class MetadataVectorsTest {
    private static List<JsonObject> vectors() throws Exception {
        JsonObject vectors =
                JsonReader.readObject(TestFiles.resource("metadata/vectors.json"), "vectors");
        assertEquals("tfgate.android.metadata_vectors", vectors.text("format"));
        assertEquals(1, vectors.integer("version"));
        return vectors.objects("files");
    }

    @Test
    public void answersAreThoseOfPython() throws Exception {
        int queries = 0;
        for (JsonObject vector : vectors()) {
            String file = vector.text("file");
            ModelMetadata metadata = MetadataFiles.read(file);
            for (JsonObject query : vector.objects("queries")) {
                check(query, metadata, file + ", " + query.path());
                queries++;
            }
        }
        assertTrue("only " + queries + " queries", queries > 50);
    }

    @Test
    public void propertiesAreThoseOfPython() throws Exception {
        for (JsonObject vector : vectors()) {
            ModelMetadata metadata = MetadataFiles.read(vector.text("file"));
            Dial dial = metadata.dial();
            assertEquals(vector.textOrNull("dial"), dial == null ? null : dial.label());
            assertEquals(vector.flag("has_decisions"), metadata.hasDecisions());
            assertEquals(vector.integer("undecided"), metadata.undecided());
            assertEquals(vector.has("labels") ? vector.texts("labels") : null, metadata.labels());
            int[] shape = vector.integers("image_shape");
            ModelInput input = metadata.input();
            assertArrayEquals(
                    shape, new int[] {input.height(), input.width(), input.channels()});
        }
    }

    private static void check(JsonObject query, ModelMetadata metadata, String where)
            throws JsonException {
        float[] decisions = floats(query, "decisions");
        Double macs = metadata.executedMacs(decisions, query.numberOrNull("u"));
        assertEquals(where, query.numberOrNull("executed_macs"), macs);
        float[] expected = floats(query, "all_decisions");
        if (expected == null) {
            assertNull(where, metadata.allDecisions(decisions));
        } else {
            assertArrayEquals(where, expected, metadata.allDecisions(decisions), 0.0f);
        }
    }

    private static float[] floats(JsonObject query, String key) throws JsonException {
        if (!query.has(key)) {
            return null;
        }
        double[] numbers = query.numbers(key);
        float[] floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers[i];
        }
        return floats;
    }
}
