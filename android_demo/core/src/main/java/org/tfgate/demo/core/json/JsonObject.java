package org.tfgate.demo.core.json;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Typed access to an object that {@link JsonReader} has read. Messages name the value by its path,
 * such as {@code tfgate.json.input.shape}. Methods whose names end in {@code OrNull} give null for a
 * member that is null or missing; the others refuse it.
 */
public final class JsonObject {
    private final Map<?, ?> members;
    private final String path;

    private JsonObject(Map<?, ?> members, String path) {
        this.members = members;
        this.path = path;
    }

    /**
     * @param value what {@link JsonReader#read(byte[])} returned, or a part of it.
     * @param path what messages call it.
     * @throws JsonException the value is no object.
     */
    public static JsonObject of(Object value, String path) throws JsonException {
        if (value instanceof Map) {
            return new JsonObject((Map<?, ?>) value, path);
        }
        throw expected(path, "an object", value);
    }

    /** What messages call this object. */
    public String path() {
        return path;
    }

    /** Names of the members, in the order of the text. */
    public Set<String> keys() {
        Set<String> keys = new LinkedHashSet<String>();
        for (Object key : members.keySet()) {
            keys.add((String) key);
        }
        return Collections.unmodifiableSet(keys);
    }

    /**
     * Refuses members with other names than these.
     *
     * @param complete whether all of them must be there.
     * @throws JsonException a member has another name, or one is missing.
     */
    public JsonObject requireKeys(boolean complete, String... keys) throws JsonException {
        List<String> wanted = Arrays.asList(keys);
        if (wanted.containsAll(keys()) && (!complete || keys().containsAll(wanted))) {
            return this;
        }
        throw new JsonException(
                "Expected " + path + " to have " + (complete ? "exactly" : "only") + " the members "
                        + wanted + ", got " + keys() + ".");
    }

    /** Whether the member is there and not null. */
    public boolean has(String key) {
        return members.get(key) != null;
    }

    /** A member that is a string. */
    public String text(String key) throws JsonException {
        Object value = members.get(key);
        if (value instanceof String) {
            return (String) value;
        }
        throw expected(path(key), "a text", value);
    }

    /** A member that is a string, or null. */
    public String textOrNull(String key) throws JsonException {
        return has(key) ? text(key) : null;
    }

    /** A member that is a number. */
    public double number(String key) throws JsonException {
        return toNumber(members.get(key), path(key));
    }

    /** A member that is a number, or null. */
    public Double numberOrNull(String key) throws JsonException {
        return has(key) ? Double.valueOf(number(key)) : null;
    }

    /** A member that is a whole number, written without fraction and exponent. */
    public long wholeNumber(String key) throws JsonException {
        Object value = members.get(key);
        if (value instanceof Long) {
            return (Long) value;
        }
        throw expected(path(key), "a whole number", value);
    }

    /** A member that is a whole number of 32 bits. */
    public int integer(String key) throws JsonException {
        return toInteger(members.get(key), path(key));
    }

    /** A member that is a whole number of 32 bits, or null. */
    public Integer integerOrNull(String key) throws JsonException {
        return has(key) ? Integer.valueOf(integer(key)) : null;
    }

    /** A member that is true or false. */
    public boolean flag(String key) throws JsonException {
        Object value = members.get(key);
        if (value instanceof Boolean) {
            return (Boolean) value;
        }
        throw expected(path(key), "true or false", value);
    }

    /** A member that is an object. */
    public JsonObject object(String key) throws JsonException {
        return of(members.get(key), path(key));
    }

    /** A member that is an object, or null. */
    public JsonObject objectOrNull(String key) throws JsonException {
        return has(key) ? object(key) : null;
    }

    /** A member that is a list of objects. */
    public List<JsonObject> objects(String key) throws JsonException {
        List<JsonObject> objects = new ArrayList<JsonObject>();
        for (Object element : list(key)) {
            objects.add(of(element, path(key) + "[" + objects.size() + "]"));
        }
        return objects;
    }

    /** A member that is a list of strings. */
    public List<String> texts(String key) throws JsonException {
        List<String> texts = new ArrayList<String>();
        for (Object element : list(key)) {
            if (!(element instanceof String)) {
                throw expected(path(key) + "[" + texts.size() + "]", "a text", element);
            }
            texts.add((String) element);
        }
        return texts;
    }

    /** A member that is a list of numbers. */
    public double[] numbers(String key) throws JsonException {
        List<?> list = list(key);
        double[] numbers = new double[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = toNumber(list.get(i), path(key) + "[" + i + "]");
        }
        return numbers;
    }

    /** A member that is a number or a list of numbers: a list of one, or as it is. */
    public double[] numberOrNumbers(String key) throws JsonException {
        return members.get(key) instanceof Number ? new double[] {number(key)} : numbers(key);
    }

    /** A member that is a list of whole numbers of 32 bits. */
    public int[] integers(String key) throws JsonException {
        return toIntegers(list(key), path(key));
    }

    /** A member that is a list of lists of whole numbers of 32 bits. */
    public List<int[]> integerLists(String key) throws JsonException {
        List<int[]> lists = new ArrayList<int[]>();
        for (Object element : list(key)) {
            String name = path(key) + "[" + lists.size() + "]";
            lists.add(toIntegers(toList(element, name), name));
        }
        return lists;
    }

    private List<?> list(String key) throws JsonException {
        return toList(members.get(key), path(key));
    }

    private String path(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private static List<?> toList(Object value, String name) throws JsonException {
        if (value instanceof List) {
            return (List<?>) value;
        }
        throw expected(name, "a list", value);
    }

    private static double toNumber(Object value, String name) throws JsonException {
        if (value instanceof Number) {
            return ((Number) value).doubleValue();
        }
        throw expected(name, "a number", value);
    }

    private static int toInteger(Object value, String name) throws JsonException {
        if (value instanceof Long && ((Long) value).longValue() == ((Long) value).intValue()) {
            return ((Long) value).intValue();
        }
        throw expected(name, "a whole number of 32 bits", value);
    }

    private static int[] toIntegers(List<?> list, String name) throws JsonException {
        int[] integers = new int[list.size()];
        for (int i = 0; i < integers.length; i++) {
            integers[i] = toInteger(list.get(i), name + "[" + i + "]");
        }
        return integers;
    }

    private static JsonException expected(String name, String what, Object got) {
        String text = String.valueOf(got);
        String start = text.length() > 60 ? text.substring(0, 60) + "..." : text;
        return new JsonException(
                "Expected " + name + " to be " + what + ", got "
                        + (got instanceof String ? "'" + start + "'" : start) + ".");
    }
}
