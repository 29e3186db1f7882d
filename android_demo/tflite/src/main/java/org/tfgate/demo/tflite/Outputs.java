package org.tfgate.demo.tflite;

import java.nio.ByteBuffer;

/** From the bytes of an output to its numbers. */
final class Outputs {
    private Outputs() {}

    /**
     * @param bytes of the tensor after a run, in the order of the processor.
     * @return real numbers, rows first.
     */
    static float[] numbers(ByteBuffer bytes, TensorFacts facts) {
        ByteBuffer all = bytes.duplicate().order(bytes.order());
        all.clear();
        float[] values = new float[all.remaining() / facts.type().bytes()];
        if (facts.type() == ElementType.FLOAT32) {
            all.asFloatBuffer().get(values);
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = facts.type().dequantize(all.get(), facts.scale(), facts.zeroPoint());
        }
        return values;
    }
}
