package org.tfgate.demo.core.run;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;

/**
 * An engine whose runs take a millisecond and as many again as its image's first number says, times
 * the share of decisions that are open: those whose number is at least τ.
 */
public final class FakeEngine implements InferenceEngine {
    static final long MILLISECOND = 1000000L;

    private final FakeClock clock;
    private final Set<String> inputs;
    private final float[] probabilities;
    private final Map<String, float[]> given = new HashMap<String, float[]>();
    private Map<String, float[]> outputs = new HashMap<String, float[]>();
    private int runsUntilFailure = Integer.MAX_VALUE;
    private long firstRunNanos;
    private boolean closed;

    /**
     * @param probabilities of each decision; none for a dense network.
     * @param inputs beside the images.
     */
    public FakeEngine(FakeClock clock, float[] probabilities, String... inputs) {
        this.clock = clock;
        this.probabilities = probabilities;
        this.inputs = new LinkedHashSet<String>(Arrays.asList(inputs));
        this.inputs.add(IMAGES);
    }

    void failAfter(int runs) {
        runsUntilFailure = runs;
    }

    boolean isClosed() {
        return closed;
    }

    float[] given(String name) {
        return given.get(name);
    }

    @Override
    public void load(File model, EngineOptions options) {}

    @Override
    public void load(ByteBuffer model, EngineOptions options) {}

    @Override
    public long loadNanos() {
        return 3 * MILLISECOND;
    }

    @Override
    public long firstRunNanos() {
        return firstRunNanos;
    }

    @Override
    public Set<String> inputs() {
        return inputs;
    }

    @Override
    public Set<String> outputs() {
        Set<String> names = new LinkedHashSet<String>();
        names.add(PREDICTIONS);
        if (probabilities.length > 0) {
            names.add(DECISIONS);
        }
        return names;
    }

    @Override
    public void setInput(String name, float[] values) throws EngineException {
        if (!inputs.contains(name)) {
            throw new EngineException("Expected an input of " + inputs + ", got " + name + ".");
        }
        given.put(name, values.clone());
    }

    @Override
    public long run() throws EngineException {
        if (runsUntilFailure-- <= 0) {
            throw new EngineException("the model broke");
        }
        float[] tau = given.get(TAU);
        float[] decisions = new float[probabilities.length];
        int open = 0;
        for (int i = 0; i < decisions.length; i++) {
            boolean isOpen = tau == null || probabilities[i] >= tau[0];
            decisions[i] = isOpen ? 1.0f : 0.0f;
            open += isOpen ? 1 : 0;
        }
        float image = given.get(IMAGES)[0];
        double share = decisions.length == 0 ? 1.0 : (double) open / decisions.length;
        long nanos = MILLISECOND + Math.round(image * share * MILLISECOND);
        clock.pass(nanos);
        firstRunNanos = firstRunNanos == 0 ? nanos : firstRunNanos;
        outputs = new HashMap<String, float[]>();
        outputs.put(PREDICTIONS, new float[] {0.1f, image, 0.2f});
        outputs.put(DECISIONS, decisions);
        return nanos;
    }

    @Override
    public float[] output(String name) throws EngineException {
        if (!outputs().contains(name) || !outputs.containsKey(name)) {
            throw new EngineException("Expected an output that was computed, got " + name + ".");
        }
        return outputs.get(name).clone();
    }

    @Override
    public void close() {
        closed = true;
    }
}
