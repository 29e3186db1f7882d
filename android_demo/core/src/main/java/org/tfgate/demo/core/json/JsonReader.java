package org.tfgate.demo.core.json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A strict reader of JSON (RFC 8259).
 *
 * <p>It is our own because there is none to take: {@code org.json} is part of Android, so this
 * module, which is tested without Android, can't use it, and the module has no dependencies.
 *
 * <p>What a document becomes: objects {@code Map<String, Object>} in the order of the text,
 * arrays {@code List<Object>}, strings {@code String}, whole numbers without fraction and
 * exponent that fit {@code Long}, other numbers {@code Double}, and {@code Boolean} and null.
 * Refused, beside what the grammar refuses: text that is not UTF-8, a byte order mark, a key that
 * comes twice, half a surrogate pair, numbers too large for a double, nesting deeper than
 * {@value #MAXIMUM_DEPTH}, anything after the document.
 */
public final class JsonReader {
    /** How deep arrays and objects may lie in one another. */
    public static final int MAXIMUM_DEPTH = 64;

    private final String text;
    private int position;
    private int depth;

    private JsonReader(String text) {
        this.text = text;
    }

    /**
     * Reads a document.
     *
     * @param utf8 the document's bytes.
     * @throws JsonException the bytes are not UTF-8, or the text is not JSON.
     */
    public static Object read(byte[] utf8) throws JsonException {
        try {
            return read(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT)
                            .decode(ByteBuffer.wrap(utf8))
                            .toString());
        } catch (CharacterCodingException error) {
            throw new JsonException("Expected UTF-8, got other bytes.");
        }
    }

    /**
     * Reads a document.
     *
     * @throws JsonException the text is not JSON; the message names line and column.
     */
    public static Object read(String text) throws JsonException {
        JsonReader reader = new JsonReader(text);
        Object value = reader.value();
        reader.skipSpace();
        if (reader.position < text.length()) {
            throw reader.expected("the end");
        }
        return value;
    }

    /**
     * Reads a document that is an object.
     *
     * @param utf8 the document's bytes.
     * @param name what messages about its content call the document.
     * @throws JsonException the bytes are no JSON object.
     */
    public static JsonObject readObject(byte[] utf8, String name) throws JsonException {
        return JsonObject.of(read(utf8), name);
    }

    private Object value() throws JsonException {
        skipSpace();
        switch (peek()) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object() throws JsonException {
        Map<String, Object> members = new LinkedHashMap<String, Object>();
        enter();
        if (!closes('}')) {
            do {
                skipSpace();
                if (peek() != '"') {
                    throw expected("a key in quotes");
                }
                int start = position;
                String key = string();
                if (members.containsKey(key)) {
                    position = start;
                    throw expected("a key that did not come before");
                }
                skipSpace();
                take(':');
                members.put(key, value());
            } while (continues('}'));
        }
        depth--;
        return members;
    }

    private List<Object> array() throws JsonException {
        List<Object> elements = new ArrayList<Object>();
        enter();
        if (!closes(']')) {
            do {
                elements.add(value());
            } while (continues(']'));
        }
        depth--;
        return elements;
    }

    private void enter() throws JsonException {
        if (++depth > MAXIMUM_DEPTH) {
            throw expected("no more than " + MAXIMUM_DEPTH + " arrays and objects in one another");
        }
        position++;
    }

    /** Whether an array or object ends before its first element; if so, behind its end. */
    private boolean closes(char end) {
        skipSpace();
        if (peek() != end) {
            return false;
        }
        position++;
        return true;
    }

    /** Whether there is another element; goes behind the comma, or behind the end. */
    private boolean continues(char end) throws JsonException {
        skipSpace();
        if (peek() == ',') {
            position++;
            return true;
        }
        if (peek() != end) {
            throw expected("',' or '" + end + "'");
        }
        position++;
        return false;
    }

    private String string() throws JsonException {
        StringBuilder result = new StringBuilder();
        int start = position;
        position++;
        while (peek() != '"') {
            if (position == text.length()) {
                throw expected("the end of a string");
            }
            char character = text.charAt(position);
            if (character < ' ') {
                throw expected("no control character in a string");
            }
            position++;
            result.append(character == '\\' ? escaped() : character);
        }
        position++;
        if (!Surrogates.arePaired(result)) {
            position = start;
            throw expected("surrogates in pairs");
        }
        return result.toString();
    }

    private char escaped() throws JsonException {
        int index = "\"\\/bfnrtu".indexOf(peek());
        if (index < 0) {
            throw expected("one of \"\\/bfnrtu after a backslash");
        }
        position++;
        return index < 8 ? "\"\\/\b\f\n\r\t".charAt(index) : hexadecimal();
    }

    private char hexadecimal() throws JsonException {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            // Not Character.digit, which takes the digits of all scripts.
            int digit = "0123456789abcdef".indexOf(lower(peek()));
            if (digit < 0) {
                throw expected("four hexadecimal digits");
            }
            code = 16 * code + digit;
            position++;
        }
        return (char) code;
    }

    private static int lower(int character) {
        return character >= 'A' && character <= 'F' ? character + ('a' - 'A') : character;
    }

    private Object word(String word, Object value) throws JsonException {
        if (!text.startsWith(word, position)) {
            throw expected("a value");
        }
        position += word.length();
        return value;
    }

    private Object number() throws JsonException {
        int start = position;
        boolean whole = true;
        if (peek() == '-') {
            position++;
        }
        if (peek() == '0') {
            position++;
        } else {
            digits(start == position ? "a value" : "a digit");
        }
        if (peek() == '.') {
            whole = false;
            position++;
            digits("a digit");
        }
        if (peek() == 'e' || peek() == 'E') {
            whole = false;
            position++;
            if (peek() == '+' || peek() == '-') {
                position++;
            }
            digits("a digit");
        }
        String digits = text.substring(start, position);
        // A whole -0 is no Long.
        if (whole && !digits.equals("-0")) {
            try {
                return Long.valueOf(digits);
            } catch (NumberFormatException tooLarge) {
                whole = false;
            }
        }
        Double value = Double.valueOf(digits);
        if (value.isInfinite()) {
            position = start;
            throw expected("a number that a double can hold");
        }
        return value;
    }

    private void digits(String what) throws JsonException {
        int start = position;
        while (peek() >= '0' && peek() <= '9') {
            position++;
        }
        if (start == position) {
            throw expected(what);
        }
    }

    private void take(char character) throws JsonException {
        if (peek() != character) {
            throw expected("'" + character + "'");
        }
        position++;
    }

    private void skipSpace() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') {
            position++;
        }
    }

    /** The next character, -1 at the end. */
    private int peek() {
        return position < text.length() ? text.charAt(position) : -1;
    }

    private JsonException expected(String what) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < position; i++) {
            boolean ends = text.charAt(i) == '\n';
            line += ends ? 1 : 0;
            column = ends ? 1 : column + 1;
        }
        String got = "the end of the text";
        if (position < text.length()) {
            char character = text.charAt(position);
            got = character < ' ' ? "character " + (int) character : "'" + character + "'";
        }
        return new JsonException(
                "Expected " + what + " in line " + line + ", column " + column + ", got " + got
                        + ".");
    }
}
