package org.tfgate.demo.app.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The extras of {@code am start}, read strictly: {@code --es models a.tflite,b.tflite --ei runs 100
 * --ei warmup 10 --es threads 1,2 --es tau 0.5,0.7 --es u 0.5 --es xnnpack true --ei seed 0 --es
 * result NAME}. All but the models may be missing.
 */
public final class BenchExtras {
    /** Name of a result that has none of its own that can be used. */
    public static final String UNNAMED = "unnamed";

    private static final String MODELS = "models";
    private static final String RUNS = "runs";
    private static final String WARMUP = "warmup";
    private static final String THREADS = "threads";
    private static final String TAU = "tau";
    private static final String U = "u";
    private static final String XNNPACK = "xnnpack";
    private static final String SEED = "seed";
    private static final String RESULT = "result";
    private static final List<String> KNOWN =
            Collections.unmodifiableList(
                    Arrays.asList(
                            MODELS, RUNS, WARMUP, THREADS, TAU, U, XNNPACK, SEED, RESULT));

    // Java reads more: hexadecimal numbers, "1f", "NaN".
    private static final Pattern NUMBER =
            Pattern.compile("[0-9]{1,20}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?");
    private static final Pattern WHOLE = Pattern.compile("[0-9]{1,9}");

    private final Map<String, ?> extras;

    private BenchExtras(Map<String, ?> extras) {
        this.extras = extras;
    }

    /**
     * Reads extras.
     *
     * @param extras by name; null where an extra has no value.
     * @param defaultResult the result's name if the extras tell none.
     * @throws BenchException an extra is unknown, missing, of another type or out of its range.
     */
    public static BenchCommand read(Map<String, ?> extras, String defaultResult)
            throws BenchException {
        return new BenchExtras(extras).read(defaultResult);
    }

    /** The name that a failure is reported under, even if nothing else can be read. */
    public static String resultName(Map<String, ?> extras, String defaultResult) {
        Object name = extras.get(RESULT);
        if (!extras.containsKey(RESULT)) {
            return defaultResult;
        }
        return name instanceof String && ResultFolder.isName((String) name)
                ? (String) name
                : UNNAMED;
    }

    private BenchCommand read(String defaultResult) throws BenchException {
        for (String name : new TreeSet<String>(extras.keySet())) {
            if (!KNOWN.contains(name)) {
                throw new BenchException(
                        "Expected extras named " + KNOWN + ", got " + name + ".");
            }
        }
        if (!extras.containsKey(MODELS)) {
            throw new BenchException("Expected --es models NAME.tflite,..., got none.");
        }
        try {
            BenchCommand.Builder command = BenchCommand.builder(words(MODELS));
            if (extras.containsKey(RUNS)) {
                command.runs(whole(RUNS));
            }
            if (extras.containsKey(WARMUP)) {
                command.warmup(whole(WARMUP));
            }
            if (extras.containsKey(THREADS)) {
                command.threads(wholes(THREADS));
            }
            command.taus(extras.containsKey(TAU) ? numbers(TAU) : noNumbers());
            command.us(extras.containsKey(U) ? numbers(U) : noNumbers());
            if (extras.containsKey(XNNPACK)) {
                command.xnnpack(flag(XNNPACK));
            }
            if (extras.containsKey(SEED)) {
                command.seed(whole(SEED));
            }
            command.resultName(extras.containsKey(RESULT) ? text(RESULT) : defaultResult);
            return command.build();
        } catch (IllegalArgumentException error) {
            throw new BenchException(error.getMessage(), error);
        }
    }

    private static List<Double> noNumbers() {
        return Collections.emptyList();
    }

    private String text(String name) throws BenchException {
        Object value = extras.get(name);
        if (!(value instanceof String)) {
            throw wrong(name, "a text (--es)", value);
        }
        return (String) value;
    }

    private int whole(String name) throws BenchException {
        Object value = extras.get(name);
        if (!(value instanceof Integer)) {
            throw wrong(name, "a whole number (--ei)", value);
        }
        return (Integer) value;
    }

    private boolean flag(String name) throws BenchException {
        String text = text(name);
        if (!text.equals("true") && !text.equals("false")) {
            throw wrong(name, "true or false", text);
        }
        return text.equals("true");
    }

    private List<String> words(String name) throws BenchException {
        List<String> words = Arrays.asList(text(name).split(",", -1));
        if (words.contains("")) {
            throw wrong(name, "words with a comma between", text(name));
        }
        return words;
    }

    private List<Double> numbers(String name) throws BenchException {
        List<Double> numbers = new ArrayList<Double>();
        for (String word : words(name)) {
            if (!NUMBER.matcher(word).matches()) {
                throw wrong(name, "numbers with a comma between", text(name));
            }
            numbers.add(Double.valueOf(word));
        }
        return numbers;
    }

    private List<Integer> wholes(String name) throws BenchException {
        List<Integer> numbers = new ArrayList<Integer>();
        for (String word : words(name)) {
            if (!WHOLE.matcher(word).matches()) {
                throw wrong(name, "whole numbers with a comma between", text(name));
            }
            numbers.add(Integer.valueOf(word));
        }
        return numbers;
    }

    private static BenchException wrong(String name, String expected, Object got) {
        String kind =
                got == null || got instanceof String
                        ? ""
                        : " (" + got.getClass().getSimpleName().toLowerCase(Locale.ROOT) + ")";
        return new BenchException(
                "Expected " + name + " to be " + expected + ", got '" + got + "'" + kind + ".");
    }
}
