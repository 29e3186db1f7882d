package org.tfgate.demo.core.metadata;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** What a gate decided for one image; immutable. */
public final class GateDecision {
    private final Gate gate;
    private final float[] decisions;

    private GateDecision(Gate gate, float[] decisions) {
        this.gate = gate;
        this.decisions = decisions;
    }

    /**
     * The decisions of all gates, in network order; those that are decided in the file included.
     *
     * @param decisions the output {@code decisions} of one image; null if not known.
     * @return empty for a network without gates; null where decisions are not known.
     * @throws IllegalArgumentException there are more or fewer decisions than columns.
     */
    public static List<GateDecision> of(ModelMetadata metadata, float[] decisions) {
        List<GateDecision> result = new ArrayList<GateDecision>();
        float[] all = metadata.allDecisions(decisions);
        if (all == null) {
            return metadata.gates().isEmpty() ? result : null;
        }
        int start = 0;
        for (Gate gate : metadata.gates()) {
            int end = start + gate.components().size();
            result.add(new GateDecision(gate, Arrays.copyOfRange(all, start, end)));
            start = end;
        }
        return Collections.unmodifiableList(result);
    }

    /** Who decided. */
    public Gate gate() {
        return gate;
    }

    /** 0 or 1 for each component of the gate. */
    public float[] decisions() {
        return decisions.clone();
    }

    /** How many components are open. */
    public int open() {
        int open = 0;
        for (float decision : decisions) {
            open += decision != 0.0f ? 1 : 0;
        }
        return open;
    }

    /** Share of the components that are open, in [0, 1]. */
    public double share() {
        return (double) open() / decisions.length;
    }
}
