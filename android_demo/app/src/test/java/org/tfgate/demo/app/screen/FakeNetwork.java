package org.tfgate.demo.app.screen;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.metadata.ModelMetadata;

/**
 * An engine with the tensors that a model's metadata tell. Component i of n opens with probability
 * (i + 1) / n; a run takes 2 ms and 10 ms times the share of components that are open, longer by
 * the phone's heat.
 */
final class FakeNetwork implements InferenceEngine {
    private final FakeDevice device;
    private final ModelMetadata metadata;
    private final Map<String, float[]> given = new HashMap<String, float[]>();

    FakeNetwork(FakeDevice device, ModelMetadata metadata) {
        this.device = device;
        this.metadata = metadata;
    }

    @Override
    public void load(File model, EngineOptions options) {}

    @Override
    public void load(ByteBuffer model, EngineOptions options) {}

    @Override
    public long loadNanos() {
        return 1L;
    }

    @Override
    public long firstRunNanos() {
        return 1L;
    }

    @Override
    public Set<String> inputs() {
        Set<String> names = new HashSet<String>();
        names.add(IMAGES);
        if (metadata.dial() != null) {
            names.add(metadata.dial().label());
        }
        return names;
    }

    @Override
    public Set<String> outputs() {
        Set<String> names = new HashSet<String>();
        names.add(PREDICTIONS);
        if (metadata.hasDecisions()) {
            names.add(DECISIONS);
        }
        return names;
    }

    @Override
    public void setInput(String name, float[] values) throws EngineException {
        if (!inputs().contains(name)) {
            throw new EngineException("Expected one of " + inputs() + ", got " + name + ".");
        }
        given.put(name, values.clone());
    }

    @Override
    public long run() throws EngineException {
        double open = 0.0;
        float[] decisions = decisions();
        for (float decision : decisions) {
            open += decision;
        }
        double share = decisions.length == 0 ? 1.0 : open / decisions.length;
        return device.ran(2.0 + 10.0 * share);
    }

    @Override
    public float[] output(String name) {
        return name.equals(DECISIONS)
                ? decisions()
                : new float[] {0.5f, 0.02f, 0.2f, 0.1f, 0.05f, 0.05f, 0.03f, 0.02f, 0.02f, 0.01f};
    }

    @Override
    public void close() {
        device.closed++;
    }

    private float[] decisions() {
        float[] decisions = new float[metadata.undecided()];
        for (int i = 0; i < decisions.length; i++) {
            double probability = (i + 1.0) / decisions.length;
            decisions[i] = probability >= threshold() ? 1.0f : 0.0f;
        }
        return decisions;
    }

    private double threshold() {
        if (metadata.dial() == Dial.U) {
            return 1.0 - given.get(U)[0];
        }
        return metadata.dial() == Dial.TAU ? given.get(TAU)[0] : 0.5;
    }
}
