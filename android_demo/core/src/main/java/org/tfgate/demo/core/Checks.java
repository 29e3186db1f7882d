package org.tfgate.demo.core;

/**
 * Checks of numbers that come from outside. Each returns what it was given, or throws an
 * {@link IllegalArgumentException} whose message begins with "Expected NAME ".
 */
public final class Checks {
    private Checks() {}

    /** A finite number. */
    public static double finite(double value, String name) {
        if (isFinite(value)) {
            return value;
        }
        throw expected(name, "a finite number", value);
    }

    /** A finite number that is at least {@code low}. */
    public static double atLeast(double low, double value, String name) {
        if (isFinite(value) && value >= low) {
            return value;
        }
        throw expected(name, "a finite number >= " + low, value);
    }

    /** A finite number above {@code low}. */
    public static double above(double low, double value, String name) {
        if (isFinite(value) && value > low) {
            return value;
        }
        throw expected(name, "a finite number > " + low, value);
    }

    /** A number in [{@code low}, {@code high}]. */
    public static double within(double low, double high, double value, String name) {
        if (value >= low && value <= high) {
            return value;
        }
        throw expected(name, "a number >= " + low + " and <= " + high, value);
    }

    /** A whole number that is at least {@code low}. */
    public static int atLeast(int low, int value, String name) {
        atLeast((long) low, (long) value, name);
        return value;
    }

    /** A whole number that is at least {@code low}. */
    public static long atLeast(long low, long value, String name) {
        if (value >= low) {
            return value;
        }
        throw expected(name, "a whole number >= " + low, value);
    }

    /** A text that is not empty. */
    public static String notEmpty(String value, String name) {
        if (value != null && !value.isEmpty()) {
            return value;
        }
        throw expected(name, "a text that is not empty", value);
    }

    /** The error of an argument that is not what it should be. */
    public static IllegalArgumentException expected(String name, String what, Object got) {
        return new IllegalArgumentException(
                "Expected " + name + " to be " + what + ", got " + got + ".");
    }

    private static boolean isFinite(double value) {
        return !Double.isNaN(value) && !Double.isInfinite(value);
    }
}
