package org.tfgate.demo.app.bench;

/**
 * By how much a picture is made smaller while it is decoded, which bounds memory. Android leaves
 * pixels out for that, where {@link Picture#scaled} takes means, so it is as little as will do.
 */
final class SampleSize {
    // Some 16 MB as Android keeps them, as much again as whole numbers.
    private static final long MOST_PIXELS = 4000000;

    private SampleSize() {}

    /**
     * The lowest power of two that leaves at most 4 million pixels; a lower one where it would
     * leave fewer than so many in a direction.
     */
    static int of(int width, int height, int leastWidth, int leastHeight) {
        int size = 1;
        while ((long) (width / size) * (height / size) > MOST_PIXELS
                && width / (2 * size) >= leastWidth && height / (2 * size) >= leastHeight) {
            size *= 2;
        }
        return size;
    }
}
