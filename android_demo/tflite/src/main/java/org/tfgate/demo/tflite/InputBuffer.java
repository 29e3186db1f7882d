package org.tfgate.demo.tflite;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.tfgate.demo.core.engine.EngineException;

/** The numbers of an input, outside of Java's heap: made once, given to every run. */
final class InputBuffer {
    private final String name;
    private final TensorFacts facts;
    private final ByteBuffer bytes;
    private final FloatBuffer floats;

    InputBuffer(String name, TensorFacts facts) {
        this.name = name;
        this.facts = facts;
        bytes = ByteBuffer.allocateDirect(facts.elements() * facts.type().bytes());
        bytes.order(ByteOrder.nativeOrder());
        floats = facts.type() == ElementType.FLOAT32 ? bytes.asFloatBuffer() : null;
    }

    int size() {
        return facts.elements();
    }

    void set(float[] values) throws EngineException {
        if (values.length != facts.elements()) {
            throw new EngineException(
                    "Expected input " + name + " of " + facts.elements() + " numbers (" + facts
                            + "), got " + values.length + ".");
        }
        if (floats != null) {
            floats.clear();
            floats.put(values);
            return;
        }
        bytes.clear();
        for (float value : values) {
            bytes.put(facts.type().quantize(value, facts.scale(), facts.zeroPoint()));
        }
    }

    /**
     * What the runtime takes: of floats a buffer of floats, since a scalar wants that. It starts
     * at its beginning, wherever the last run left it.
     */
    Buffer rewound() {
        // As Buffer: ByteBuffer.rewind() came with Java 9, and compilers differ in which they call.
        Buffer buffer = floats == null ? bytes : floats;
        buffer.clear();
        return buffer;
    }
}
