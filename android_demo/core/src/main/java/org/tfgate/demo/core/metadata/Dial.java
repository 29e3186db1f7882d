package org.tfgate.demo.core.metadata;

import java.util.Locale;

/** The input by which a caller says how much of a network runs. */
public enum Dial {
    /** τ, a probability: what must open be at least as probable; 1 closes all. */
    TAU,
    /** u: 1 runs all, 0 as little as possible. */
    U;

    /** Name of the input in the signature, and in result documents: "tau" or "u". */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
