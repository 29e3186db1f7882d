package org.tfgate.demo.app.bench;

/** By how much a picture is made smaller while it is decoded, which saves memory. */
final class SampleSize {
    private SampleSize() {}

    /** The highest power of two that leaves at least so many pixels in each direction. */
    static int of(int width, int height, int leastWidth, int leastHeight) {
        int size = 1;
        while (width / (2 * size) >= leastWidth && height / (2 * size) >= leastHeight) {
            size *= 2;
        }
        return size;
    }
}
