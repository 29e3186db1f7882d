package org.tfgate.demo.app.bench;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.metadata.ModelMetadata;

/** An engine with the tensors that a model's metadata tell; a run takes a millisecond. */
final class FakeEngine implements InferenceEngine {
    private final FakePhone phone;
    private final ModelMetadata metadata;
    private int runsLeft;
    private long firstRunNanos;

    FakeEngine(FakePhone phone, ModelMetadata metadata, int runs) {
        this.phone = phone;
        this.metadata = metadata;
        runsLeft = runs;
    }

    @Override
    public void load(File model, EngineOptions options) {}

    @Override
    public void load(ByteBuffer model, EngineOptions options) {}

    @Override
    public long loadNanos() {
        return 5000000L;
    }

    @Override
    public long firstRunNanos() {
        return firstRunNanos;
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
        int size = name.equals(IMAGES) ? metadata.input().size() : 1;
        if (!inputs().contains(name) || values.length != size) {
            throw new EngineException("Expected other inputs than " + name + ".");
        }
    }

    @Override
    public long run() throws EngineException {
        if (runsLeft-- <= 0) {
            throw new EngineException("the model broke");
        }
        long nanos = phone.ran();
        firstRunNanos = firstRunNanos == 0 ? nanos : firstRunNanos;
        return nanos;
    }

    @Override
    public float[] output(String name) {
        return new float[name.equals(PREDICTIONS) ? 10 : metadata.undecided()];
    }

    @Override
    public void close() {}
}
