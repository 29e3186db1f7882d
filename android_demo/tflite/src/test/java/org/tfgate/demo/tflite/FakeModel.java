package org.tfgate.demo.tflite;

import java.io.File;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tfgate.demo.core.engine.EngineException;

/**
 * Behaves as the runtime does where that matters: it takes buffers from their position on and
 * leaves them at their end, wants direct ones of the tensor's size and a buffer of floats for
 * floats, and gives outputs that the next run overwrites. Every output begins with the sum of all
 * inputs.
 */
final class FakeModel implements NativeModel {
    final Map<String, TensorFacts> inputs = new LinkedHashMap<String, TensorFacts>();
    final Map<String, TensorFacts> outputs = new LinkedHashMap<String, TensorFacts>();
    final Map<String, ByteBuffer> written = new LinkedHashMap<String, ByteBuffer>();
    final List<String> signatures = new ArrayList<String>();
    final List<Map<String, Buffer>> runs = new ArrayList<Map<String, Buffer>>();
    final List<String> loads = new ArrayList<String>();
    int closed;
    RuntimeException breaks;
    Error fails;
    String unknownType;

    FakeModel() {
        signatures.add("serving_default");
    }

    FakeModel input(String name, ElementType type, float scale, int zeroPoint, int... shape) {
        inputs.put(name, new TensorFacts(type, shape, scale, zeroPoint));
        return this;
    }

    FakeModel output(String name, ElementType type, float scale, int zeroPoint, int... shape) {
        TensorFacts facts = new TensorFacts(type, shape, scale, zeroPoint);
        outputs.put(name, facts);
        written.put(
                name,
                ByteBuffer.allocateDirect(facts.elements() * type.bytes())
                        .order(ByteOrder.nativeOrder()));
        return this;
    }

    Loader loader() {
        return new Loader() {
            @Override
            public NativeModel load(File model, int threads, boolean xnnpack) {
                return opened(model.getName(), threads, xnnpack);
            }

            @Override
            public NativeModel load(ByteBuffer model, int threads, boolean xnnpack) {
                return opened(model.capacity() + " bytes", threads, xnnpack);
            }
        };
    }

    private FakeModel opened(String what, int threads, boolean xnnpack) {
        loads.add(what + ", " + threads + ", " + xnnpack);
        raise();
        return this;
    }

    private void raise() {
        if (breaks != null) {
            throw breaks;
        }
        if (fails != null) {
            throw fails;
        }
    }

    @Override
    public String[] signatures() {
        return signatures.toArray(new String[0]);
    }

    @Override
    public String[] inputs(String signature) {
        return inputs.keySet().toArray(new String[0]);
    }

    @Override
    public String[] outputs(String signature) {
        return outputs.keySet().toArray(new String[0]);
    }

    @Override
    public TensorFacts input(String signature, String name) throws EngineException {
        if (name.equals(unknownType)) {
            throw new EngineException("Expected " + name + " of float32, int8 or uint8, got BOOL.");
        }
        return inputs.get(name);
    }

    @Override
    public TensorFacts output(String signature, String name) {
        return outputs.get(name);
    }

    @Override
    public void run(String signature, Map<String, Buffer> given) {
        raise();
        if (!given.keySet().equals(inputs.keySet())) {
            throw new IllegalArgumentException("inputs " + given.keySet());
        }
        float sum = 0.0f;
        for (Map.Entry<String, Buffer> each : given.entrySet()) {
            sum += sum(inputs.get(each.getKey()), each.getValue());
        }
        runs.add(new LinkedHashMap<String, Buffer>(given));
        for (Map.Entry<String, ByteBuffer> each : written.entrySet()) {
            if (outputs.get(each.getKey()).type() == ElementType.FLOAT32) {
                each.getValue().putFloat(0, sum);
            } else {
                each.getValue().put(0, (byte) sum);
            }
        }
    }

    private static float sum(TensorFacts facts, Buffer buffer) {
        boolean floats = facts.type() == ElementType.FLOAT32;
        if (!buffer.isDirect()
                || buffer.position() != 0
                || buffer.remaining() != facts.elements()
                || floats != (buffer instanceof FloatBuffer)) {
            throw new IllegalArgumentException("a buffer that can't be copied: " + buffer);
        }
        float sum = 0.0f;
        while (buffer.hasRemaining()) {
            sum += floats ? ((FloatBuffer) buffer).get() : ((ByteBuffer) buffer).get();
        }
        return sum;
    }

    @Override
    public long lastNanos() {
        return 1000L * runs.size();
    }

    @Override
    public ByteBuffer bytes(String signature, String output) {
        return written.get(output).asReadOnlyBuffer().order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
        closed++;
    }
}
