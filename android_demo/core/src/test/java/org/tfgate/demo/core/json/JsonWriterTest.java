package org.tfgate.demo.core.json;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.fail;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Random;
import org.junit.Test;

public final class JsonWriterTest {
    @Test
    public void layout() {
        String text =
                new JsonWriter()
                        .beginObject()
                        .name("a").value(1L)
                        .name("b").beginArray().value("x").nullValue().value(true).endArray()
                        .name("c").value(new double[] {1.5, -2.0})
                        .name("d").value(new int[] {3, 4})
                        .name("e").beginObject().endObject()
                        .name("f").beginArray().endArray()
                        .name("g").value(Arrays.asList("y"))
                        .name("h").value(Collections.singletonMap("k", "v"))
                        .endObject()
                        .toText();
        assertEquals(
                "{\n \"a\": 1,\n \"b\": [\n  \"x\",\n  null,\n  true\n ],\n \"c\": [1.5, -2.0],\n"
                        + " \"d\": [3, 4],\n \"e\": {},\n \"f\": [],\n \"g\": [\n  \"y\"\n ],\n"
                        + " \"h\": {\n  \"k\": \"v\"\n }\n}\n",
                text);
    }

    @Test
    public void nullIsWrittenAsNull() throws Exception {
        String text =
                new JsonWriter()
                        .beginArray()
                        .value((String) null).value((Double) null).value((Integer) null)
                        .value((Boolean) null)
                        .endArray()
                        .toText();
        assertEquals(Arrays.asList(null, null, null, null), JsonReader.read(text));
    }

    @Test
    public void stringsSurvive() throws Exception {
        StringBuilder all = new StringBuilder("\u03c4 \ud83d\ude00 \u2028 \"\\/");
        for (char character = 0; character < 0x180; character++) {
            all.append(character);
        }
        byte[] utf8 = new JsonWriter().value(all.toString()).toUtf8();
        assertEquals(all.toString(), JsonReader.read(utf8));
        assertArrayEquals(
                "\"\u00e9\\u0000\\u001f\\n\"\n".getBytes(StandardCharsets.UTF_8),
                new JsonWriter().value("\u00e9\0\u001f\n").toUtf8());
    }

    @Test
    public void everyDoubleSurvives() throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < 20000; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            if (Double.isNaN(value) || Double.isInfinite(value)) {
                continue;
            }
            Object read = JsonReader.read(new JsonWriter().value(value).toText());
            assertEquals(value, ((Double) read).doubleValue(), 0.0);
        }
        assertEquals("-0.0\n", new JsonWriter().value(-0.0).toText());
        assertEquals("1.0E-5\n", new JsonWriter().value(1e-5).toText());
        assertEquals("-9223372036854775808\n", new JsonWriter().value(Long.MIN_VALUE).toText());
    }

    @Test
    public void refusesWhatJsonDoesNotHave() {
        for (double value : new double[] {Double.NaN, 1.0 / 0.0, -1.0 / 0.0}) {
            JsonWriter json = new JsonWriter().beginArray();
            try {
                json.value(value);
                fail("not refused: " + value);
            } catch (IllegalArgumentException error) {
                assertEquals("[]\n", json.endArray().toText());
            }
            try {
                new JsonWriter().value(new double[] {1.0, value});
                fail("not refused: " + value);
            } catch (IllegalArgumentException error) {
                assertEquals(
                        "Expected a finite number for JSON, got " + value + ".",
                        error.getMessage());
            }
        }
        for (String half : new String[] {"\ud800", "\udc00", "a\ud800b", "\udc00\ud800"}) {
            try {
                new JsonWriter().value(half);
                fail("not refused");
            } catch (IllegalArgumentException error) {
                assertEquals(0, error.getMessage().indexOf("Expected surrogates in pairs"));
            }
        }
    }

    @Test
    public void refusesWhatWouldBeNoDocument() {
        assertMisuse(1);
        assertMisuse(2);
        assertMisuse(3);
        assertMisuse(4);
        assertMisuse(5);
        assertMisuse(6);
        assertMisuse(7);
        assertMisuse(8);
    }

    private static void assertMisuse(int kind) {
        try {
            misuse(kind);
        } catch (IllegalStateException error) {
            return;
        }
        fail("misuse " + kind + " was not refused");
    }

    private static void misuse(int kind) {
        JsonWriter json = new JsonWriter();
        switch (kind) {
            case 1:
                json.toText();
                break;
            case 2:
                json.beginObject().toText();
                break;
            case 3:
                json.beginObject().value(1);
                break;
            case 4:
                json.beginArray().name("a");
                break;
            case 5:
                json.value(1).value(2);
                break;
            case 6:
                json.beginObject().name("a").endObject();
                break;
            case 7:
                json.beginObject().endArray();
                break;
            default:
                json.beginObject().name("a").name("b");
        }
    }
}
