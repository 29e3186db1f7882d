package org.tfgate.demo.core.json;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.Test;

public final class JsonReaderTest {
    @Test
    public void readsEveryKindOfValue() throws Exception {
        Object value =
                JsonReader.read(
                        " {\"a\" : [1, -2.5, 1e3, true, false, null],\r\n\t\"b\":{},\"c\":[]} ");
        Map<?, ?> map = (Map<?, ?>) value;
        assertEquals(Arrays.asList(1L, -2.5, 1000.0, true, false, null), map.get("a"));
        assertEquals("[a, b, c]", map.keySet().toString());
        assertTrue(((Map<?, ?>) map.get("b")).isEmpty());
        assertTrue(((List<?>) map.get("c")).isEmpty());
    }

    @Test
    public void readsScalarsAsDocuments() throws Exception {
        assertEquals("x", JsonReader.read("\"x\""));
        assertEquals(0L, JsonReader.read("0"));
        assertNull(JsonReader.read(" null "));
    }

    @Test
    public void readsEscapesAndAllOfUnicode() throws Exception {
        assertEquals("\"\\/\b\f\n\r\t\u00e9", JsonReader.read("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00E9\""));
        assertEquals("\ud83d\ude00", JsonReader.read("\"\\ud83d\\uDE00\""));
        byte[] utf8 = "\"\u03c4 \ud83d\ude00\"".getBytes(StandardCharsets.UTF_8);
        assertEquals("\u03c4 \ud83d\ude00", JsonReader.read(utf8));
    }

    @Test
    public void readsNumbersToTheLastBit() throws Exception {
        double[] values = {
            0.1, -0.0, 1e-320, Double.MIN_VALUE, Double.MAX_VALUE, 2.0 / 3.0, 1e22, 1e23, 123456789.0
        };
        for (double value : values) {
            Object read = JsonReader.read(Double.toString(value));
            assertEquals((Object) value, read);
        }
        assertEquals(Long.MAX_VALUE, JsonReader.read("9223372036854775807"));
        assertEquals(9223372036854775808.0, JsonReader.read("9223372036854775808"));
        assertEquals(-0.0, JsonReader.read("-0"));
    }

    @Test
    public void refusesWhatIsNotJson() {
        String[] texts = {
            "", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
            "{a:1}", "{'a':1}", "{1:2}", "01", "-", "+1", ".5", "5.", "1e", "1e+", "0x1", "NaN",
            "Infinity", "-Infinity", "tru", "True", "nul", "nulls", "1 2", "[1 2]", "\"", "\"a",
            "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "\"\t\"", "// c\n1", "[1]]",
            "{\"a\":1,\"a\":2}", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "1e999", "-1e999",
            "\ufeff1", "\u00a01", "\"\\u\u0661234\""
        };
        for (String text : texts) {
            assertRefused(text);
        }
    }

    @Test
    public void refusesBytesThatAreNotUtf8() {
        byte[][] documents = {
            {'"', (byte) 0xff, '"'},
            {'"', (byte) 0xc3, '"'},
            // U+D800 in three bytes, and '/' in two.
            {'"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"'},
            {'"', (byte) 0xc0, (byte) 0xaf, '"'},
        };
        for (byte[] document : documents) {
            try {
                JsonReader.read(document);
                fail(Arrays.toString(document));
            } catch (JsonException error) {
                assertEquals("Expected UTF-8, got other bytes.", error.getMessage());
            }
        }
    }

    @Test
    public void refusesEveryTruncation() throws Exception {
        String text = "{\"a\": [1, \"b\\u00e9\", null, {\"c\": -1.5e-3}], \"d\": true}";
        JsonReader.read(text);
        for (int length = 0; length < text.length(); length++) {
            assertRefused(text.substring(0, length));
        }
    }

    @Test
    public void nestingIsLimited() throws Exception {
        JsonReader.read(nested(JsonReader.MAXIMUM_DEPTH));
        assertRefused(nested(JsonReader.MAXIMUM_DEPTH + 1));
        assertRefused(nested(100000));
    }

    @Test
    public void messagesNameThePlace() {
        try {
            JsonReader.read("{\n  \"a\": 1,\n  \"b\" 2\n}");
            fail();
        } catch (JsonException error) {
            assertEquals("Expected ':' in line 3, column 7, got '2'.", error.getMessage());
        }
    }

    private static String nested(int depth) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < depth; i++) {
            text.append('[');
        }
        for (int i = 0; i < depth; i++) {
            text.append(']');
        }
        return text.toString();
    }

    private static void assertRefused(String text) {
        try {
            Object value = JsonReader.read(text);
            fail("not refused: " + text + ", got " + value);
        } catch (JsonException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith("Expected "));
        }
    }
}
