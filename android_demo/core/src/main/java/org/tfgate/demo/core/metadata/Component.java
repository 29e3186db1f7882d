package org.tfgate.demo.core.metadata;

/** One thing that a gate switches; immutable. */
public final class Component {
    private final double macs;
    private final Integer decided;
    private final Integer index;

    Component(double macs, Integer decided, Integer index) {
        this.macs = macs;
        this.decided = decided;
        this.index = index;
    }

    /** Multiply-accumulates that closing it alone saves for one image, at most. */
    public double macs() {
        return macs;
    }

    /** Whether the decision depends on the image, or on the input τ or u. */
    public boolean isUndecided() {
        return decided == null;
    }

    /** The decision, 0 or 1, where it is the same for every image; else null. */
    public Integer decided() {
        return decided;
    }

    /** Column in the output {@code decisions}; null where it is decided, or not told. */
    public Integer index() {
        return index;
    }
}
