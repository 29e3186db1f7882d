package org.tfgate.demo.tflite;

/** Types of numbers in tensors that the engine converts from and to float. */
enum ElementType {
    /** 32 bits. */
    FLOAT32(4, 0, 0),
    /** -128 to 127. */
    INT8(1, -128, 127),
    /** 0 to 255. */
    UINT8(1, 0, 255);

    private final int bytes;
    private final int lowest;
    private final int highest;

    ElementType(int bytes, int lowest, int highest) {
        this.bytes = bytes;
        this.lowest = lowest;
        this.highest = highest;
    }

    /** Bytes of a number. */
    int bytes() {
        return bytes;
    }

    /** The whole number that stands for a real one; what is too large or small is clipped. */
    byte quantize(float value, float scale, int zeroPoint) {
        int whole = Math.round(value / scale) + zeroPoint;
        return (byte) Math.max(lowest, Math.min(highest, whole));
    }

    /** The real number for which a whole one stands. */
    float dequantize(byte stored, float scale, int zeroPoint) {
        int whole = this == UINT8 ? stored & 0xff : stored;
        return (whole - zeroPoint) * scale;
    }
}
