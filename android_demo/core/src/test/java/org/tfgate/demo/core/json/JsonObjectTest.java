package org.tfgate.demo.core.json;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.fail;

import java.util.Arrays;
import org.junit.Before;
import org.junit.Test;

public final class JsonObjectTest {
    private JsonObject object;

    @Before
    public void read() throws JsonException {
        String text =
                "{\"text\": \"x\", \"number\": 1.5, \"whole\": 7, \"large\": 4294967296, \"flag\": true,"
                        + "\"none\": null, \"numbers\": [1, 2.5], \"pairs\": [[1, 2], []],"
                        + "\"objects\": [{\"a\": 1}, {\"a\": \"b\"}]}";
        object = JsonObject.of(JsonReader.read(text), "file");
    }

    @Test
    public void givesTypedValues() throws Exception {
        assertEquals("x", object.text("text"));
        assertEquals(1.5, object.number("number"), 0.0);
        assertEquals(7.0, object.number("whole"), 0.0);
        assertEquals(7, object.integer("whole"));
        assertEquals(4294967296L, object.wholeNumber("large"));
        assertEquals(true, object.flag("flag"));
        assertArrayEquals(new double[] {1.0, 2.5}, object.numbers("numbers"), 0.0);
        assertArrayEquals(new double[] {1.5}, object.numberOrNumbers("number"), 0.0);
        assertArrayEquals(new int[] {1, 2}, object.integerLists("pairs").get(0));
        assertEquals(0, object.integerLists("pairs").get(1).length);
        assertEquals(1, object.objects("objects").get(0).integer("a"));
    }

    @Test
    public void nullAndMissingAreAlike() throws Exception {
        for (String key : Arrays.asList("none", "missing")) {
            assertFalse(object.has(key));
            assertNull(object.textOrNull(key));
            assertNull(object.numberOrNull(key));
            assertNull(object.integerOrNull(key));
            assertNull(object.objectOrNull(key));
        }
    }

    @Test
    public void messagesNameThePath() throws Exception {
        assertRefused("text", "number", "Expected file.number to be a text, got 1.5.");
        assertRefused("text", "missing", "Expected file.missing to be a text, got null.");
        assertRefused("number", "text", "Expected file.text to be a number, got 'x'.");
        assertRefused(
                "integer", "number",
                "Expected file.number to be a whole number of 32 bits, got 1.5.");
        assertRefused(
                "integer", "large",
                "Expected file.large to be a whole number of 32 bits, got 4294967296.");
        assertRefused("flag", "text", "Expected file.text to be true or false, got 'x'.");
        assertRefused(
                "integers", "numbers",
                "Expected file.numbers[1] to be a whole number of 32 bits, got 2.5.");
        assertRefused("objects", "numbers", "Expected file.numbers[0] to be an object, got 1.");
        try {
            object.objects("objects").get(1).integer("a");
            fail();
        } catch (JsonException error) {
            assertEquals(
                    "Expected file.objects[1].a to be a whole number of 32 bits, got 'b'.",
                    error.getMessage());
        }
    }

    @Test
    public void keysCanBeRequired() throws Exception {
        JsonObject first = object.objects("objects").get(0);
        first.requireKeys(true, "a").requireKeys(false, "a", "b");
        for (String[] keys : new String[][] {{"b"}, {"a", "b"}}) {
            try {
                first.requireKeys(true, keys);
                fail();
            } catch (JsonException error) {
                assertEquals(
                        "Expected file.objects[0] to have exactly the members "
                                + Arrays.toString(keys) + ", got [a].",
                        error.getMessage());
            }
        }
    }

    private void assertRefused(String kind, String key, String message) {
        try {
            if (kind.equals("text")) {
                object.text(key);
            } else if (kind.equals("number")) {
                object.number(key);
            } else if (kind.equals("integer")) {
                object.integer(key);
            } else if (kind.equals("flag")) {
                object.flag(key);
            } else if (kind.equals("integers")) {
                object.integers(key);
            } else {
                object.objects(key);
            }
            fail("not refused: " + key);
        } catch (JsonException error) {
            assertEquals(message, error.getMessage());
        }
    }
}
