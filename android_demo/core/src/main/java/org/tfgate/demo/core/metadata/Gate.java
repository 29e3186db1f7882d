package org.tfgate.demo.core.metadata;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** One decision maker of a network; immutable. */
public final class Gate {
    private final String block;
    private final String name;
    private final String lowering;
    private final double macs;
    private final int[] behind;
    private final List<Component> components;

    Gate(
            String block, String name, String lowering, double macs, int[] behind,
            List<Component> components) {
        this.block = block;
        this.name = name;
        this.lowering = lowering;
        this.macs = macs;
        this.behind = behind.clone();
        this.components = Collections.unmodifiableList(new ArrayList<Component>(components));
    }

    /** Name of the block whose parts it switches. */
    public String block() {
        return block;
    }

    /** Name of the gate. */
    public String name() {
        return name;
    }

    /** How it became TFLite, such as "if" or "masked". */
    public String lowering() {
        return lowering;
    }

    /** Multiply-accumulates of computing the gate; 0 where the file does not. */
    public double macs() {
        return macs;
    }

    /**
     * Numbers of the components, in network order, of the early exits that the gate lies behind:
     * where one of them is closed, it does not run, and its decisions are 0.
     */
    public int[] behind() {
        return behind.clone();
    }

    /** What it switches. */
    public List<Component> components() {
        return components;
    }
}
