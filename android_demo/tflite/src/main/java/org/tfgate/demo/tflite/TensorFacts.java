package org.tfgate.demo.tflite;

import java.util.Arrays;

/** What the runtime tells of a tensor; immutable. */
final class TensorFacts {
    private final ElementType type;
    private final int[] shape;
    private final float scale;
    private final int zeroPoint;

    /**
     * @param shape empty for a single number.
     * @param scale of whole numbers; 0 where they are not quantized and stand for themselves.
     */
    TensorFacts(ElementType type, int[] shape, float scale, int zeroPoint) {
        this.type = type;
        this.shape = shape.clone();
        // TensorFlow Lite tells of a scale of 0 where there is none.
        this.scale = scale == 0.0f ? 1.0f : scale;
        this.zeroPoint = scale == 0.0f ? 0 : zeroPoint;
    }

    ElementType type() {
        return type;
    }

    float scale() {
        return scale;
    }

    int zeroPoint() {
        return zeroPoint;
    }

    /** How many numbers the tensor has; 0 if that is known only after a run. */
    int elements() {
        int elements = 1;
        for (int size : shape) {
            elements *= Math.max(0, size);
        }
        return elements;
    }

    @Override
    public String toString() {
        return type + " " + Arrays.toString(shape);
    }
}
