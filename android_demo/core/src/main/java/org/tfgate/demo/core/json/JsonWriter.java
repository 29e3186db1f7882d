package org.tfgate.demo.core.json;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * A writer of JSON (RFC 8259) that cannot write anything else.
 *
 * <p>It is our own for the reason that {@link JsonReader} gives. Doubles are written by {@link
 * Double#toString(double)}: the same double is read again, in every language. NaN and infinities,
 * which JSON does not have, are refused, as is half a surrogate pair. One member or element a
 * line; arrays of numbers alone stand in one line.
 *
 * <pre>{@code
 * byte[] document = new JsonWriter()
 *         .beginObject()
 *         .name("runs").value(3)
 *         .name("ms").value(new double[] {1.5, 2.5, 2.0})
 *         .endObject()
 *         .toUtf8();
 * }</pre>
 */
public final class JsonWriter {
    private final StringBuilder text = new StringBuilder();
    // One character for each open array '[' or object '{'; ':' on top: a name waits for its value.
    private final StringBuilder open = new StringBuilder();
    private boolean empty = true;

    /** Begins an object; its members are calls of {@link #name} and a value each. */
    public JsonWriter beginObject() {
        return begin('{');
    }

    /** Ends the object that was begun last. */
    public JsonWriter endObject() {
        return end('{', '}');
    }

    /** Begins an array; its elements are values. */
    public JsonWriter beginArray() {
        return begin('[');
    }

    /** Ends the array that was begun last. */
    public JsonWriter endArray() {
        return end('[', ']');
    }

    /**
     * Begins a member of an object.
     *
     * @throws IllegalStateException a value is expected here.
     */
    public JsonWriter name(String name) {
        if (top() != '{') {
            throw new IllegalStateException("Expected a value, got the name " + name + ".");
        }
        separate();
        quote(name);
        text.append(": ");
        open.append(':');
        return this;
    }

    /** Writes a string; null is written as null. */
    public JsonWriter value(String value) {
        if (value == null) {
            return nullValue();
        }
        before();
        quote(value);
        return this;
    }

    /** Writes a whole number. */
    public JsonWriter value(long value) {
        before();
        text.append(value);
        return this;
    }

    /**
     * Writes a number.
     *
     * @throws IllegalArgumentException it is NaN or infinite.
     */
    public JsonWriter value(double value) {
        String digits = digits(value);
        before();
        text.append(digits);
        return this;
    }

    /** Writes a number; null is written as null. */
    public JsonWriter value(Double value) {
        return value == null ? nullValue() : value(value.doubleValue());
    }

    /** Writes a whole number; null is written as null. */
    public JsonWriter value(Integer value) {
        return value == null ? nullValue() : value(value.longValue());
    }

    /** Writes true or false. */
    public JsonWriter value(boolean value) {
        before();
        text.append(value);
        return this;
    }

    /** Writes true or false; null is written as null. */
    public JsonWriter value(Boolean value) {
        return value == null ? nullValue() : value(value.booleanValue());
    }

    /** Writes an array of numbers in one line. */
    public JsonWriter value(double[] values) {
        StringBuilder line = new StringBuilder("[");
        for (double value : values) {
            line.append(line.length() > 1 ? ", " : "").append(digits(value));
        }
        before();
        text.append(line).append(']');
        return this;
    }

    /** Writes an array of whole numbers in one line. */
    public JsonWriter value(int[] values) {
        before();
        text.append('[');
        for (int i = 0; i < values.length; i++) {
            text.append(i > 0 ? ", " : "").append(values[i]);
        }
        text.append(']');
        return this;
    }

    /** Writes an array of strings. */
    public JsonWriter value(List<String> values) {
        beginArray();
        for (String value : values) {
            value(value);
        }
        return endArray();
    }

    /** Writes an object whose values are strings. */
    public JsonWriter value(Map<String, String> values) {
        beginObject();
        for (Map.Entry<String, String> entry : values.entrySet()) {
            name(entry.getKey()).value(entry.getValue());
        }
        return endObject();
    }

    /** Writes null. */
    public JsonWriter nullValue() {
        before();
        text.append("null");
        return this;
    }

    /**
     * Returns the document, with a line feed at the end.
     *
     * @throws IllegalStateException there is no document yet, or something was not ended.
     */
    public String toText() {
        if (text.length() == 0 || open.length() > 0) {
            throw new IllegalStateException("Expected a whole document, got a part: " + text);
        }
        return text + "\n";
    }

    /** Returns the document as bytes; see {@link #toText}. */
    public byte[] toUtf8() {
        return toText().getBytes(StandardCharsets.UTF_8);
    }

    private JsonWriter begin(char kind) {
        before();
        text.append(kind);
        open.append(kind);
        empty = true;
        return this;
    }

    private JsonWriter end(char kind, char end) {
        if (top() != kind) {
            throw new IllegalStateException("Expected no '" + end + "' here.");
        }
        open.setLength(open.length() - 1);
        if (!empty) {
            breakLine();
        }
        text.append(end);
        empty = false;
        return this;
    }

    /** Before a value: behind a name, in an array, or as the document. */
    private void before() {
        if (top() == ':') {
            open.setLength(open.length() - 1);
        } else if (top() == '[') {
            separate();
        } else if (text.length() > 0) {
            throw new IllegalStateException("Expected a name or the end, got a value.");
        }
    }

    private void separate() {
        if (!empty) {
            text.append(',');
        }
        breakLine();
        empty = false;
    }

    private void breakLine() {
        text.append('\n');
        for (int i = 0; i < open.length(); i++) {
            text.append(' ');
        }
    }

    /** What is open: '[', '{', ':' behind a name, 0 outside of all. */
    private char top() {
        return open.length() == 0 ? 0 : open.charAt(open.length() - 1);
    }

    private static String digits(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    "Expected a finite number for JSON, got " + value + ".");
        }
        return Double.toString(value);
    }

    private void quote(String value) {
        if (!Surrogates.arePaired(value)) {
            throw new IllegalArgumentException("Expected surrogates in pairs, got " + value + ".");
        }
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char character = value.charAt(i);
            int index = "\"\\\b\f\n\r\t".indexOf(character);
            if (index >= 0) {
                text.append('\\').append("\"\\bfnrt".charAt(index));
            } else if (character < ' ') {
                text.append("\\u00").append(character < 16 ? "0" : "");
                text.append(Integer.toHexString(character));
            } else {
                text.append(character);
            }
        }
        text.append('"');
    }
}
