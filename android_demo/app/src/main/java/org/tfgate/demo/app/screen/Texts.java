package org.tfgate.demo.app.screen;

import java.util.Locale;

/** Texts in the person's language. */
public interface Texts {
    /**
     * @param id of a string, from {@code R.string}.
     * @param arguments of its places.
     */
    String get(int id, Object... arguments);

    /**
     * @param id of a text that depends on a number, from {@code R.plurals}.
     * @param count the number, also its first argument.
     */
    String quantity(int id, int count);

    /** Of numbers. */
    Locale locale();
}
