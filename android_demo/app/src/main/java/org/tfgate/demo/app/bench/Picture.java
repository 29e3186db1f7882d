package org.tfgate.demo.app.bench;

import org.tfgate.demo.core.Checks;

/** A decoded picture: red, green and blue of each pixel, 0 to 255; immutable. */
public final class Picture {
    private static final int CHANNELS = 3;

    private final int width;
    private final int height;
    private final byte[] rgb;

    private Picture(int width, int height, byte[] rgb) {
        this.width = width;
        this.height = height;
        this.rgb = rgb;
    }

    /**
     * @param pixels as Android's, 0xAARRGGBB, row by row. How opaque they are is of no matter.
     * @throws IllegalArgumentException there are more or fewer pixels than width times height.
     */
    public static Picture of(int width, int height, int[] pixels) {
        Checks.atLeast(1, width, "width");
        Checks.atLeast(1, height, "height");
        if (pixels.length != width * height) {
            throw Checks.expected("pixels", width * height + " numbers", pixels.length);
        }
        byte[] rgb = new byte[CHANNELS * pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            rgb[CHANNELS * i] = (byte) (pixels[i] >> 16);
            rgb[CHANNELS * i + 1] = (byte) (pixels[i] >> 8);
            rgb[CHANNELS * i + 2] = (byte) pixels[i];
        }
        return new Picture(width, height, rgb);
    }

    /** Pixels in a row. */
    public int width() {
        return width;
    }

    /** Number of rows. */
    public int height() {
        return height;
    }

    /** Bytes that it takes in memory. */
    public int bytes() {
        return rgb.length;
    }

    /** Red (0), green (1) or blue (2) of a pixel, 0 to 255. */
    public int value(int x, int y, int channel) {
        return rgb[CHANNELS * (y * width + x) + channel] & 0xff;
    }

    /**
     * The picture as it is to be looked at.
     *
     * @param orientation as cameras note it (Exif), 1 to 8: 1 is upright; 6 and 8 are lying on a
     *     side; the even ones below 6 and the odd ones from 5 on are mirrored.
     * @throws IllegalArgumentException another number.
     */
    public Picture upright(int orientation) {
        Checks.within(1, 8, orientation, "orientation");
        if (orientation == 1) {
            return this;
        }
        boolean lies = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation >= 7;
        boolean fromBelow = orientation == 3 || orientation == 4 || orientation == 6
                || orientation == 7;
        int newWidth = lies ? height : width;
        int newHeight = lies ? width : height;
        byte[] turned = new byte[rgb.length];
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                int column = lies ? y : x;
                int row = lies ? x : y;
                int oldX = fromRight ? width - 1 - column : column;
                int oldY = fromBelow ? height - 1 - row : row;
                System.arraycopy(
                        rgb, CHANNELS * (oldY * width + oldX),
                        turned, CHANNELS * (y * newWidth + x), CHANNELS);
            }
        }
        return new Picture(newWidth, newHeight, turned);
    }

    /**
     * The picture in another size. It is cut to the new proportions, the same at both sides, and
     * then made smaller, every new pixel the mean of the area it covers, or larger, between
     * neighbours.
     */
    public Picture scaled(int newWidth, int newHeight) {
        if (newWidth == width && newHeight == height) {
            return this;
        }
        double scale = Math.min((double) width / newWidth, (double) height / newHeight);
        double left = (width - scale * newWidth) / 2;
        double top = (height - scale * newHeight) / 2;
        Weights columns = new Weights(width, newWidth, left, scale);
        Weights rows = new Weights(height, newHeight, top, scale);
        byte[] scaled = new byte[CHANNELS * newWidth * newHeight];
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                for (int channel = 0; channel < CHANNELS; channel++) {
                    scaled[CHANNELS * (y * newWidth + x) + channel] =
                            (byte) Math.round(mean(columns, x, rows, y, channel));
                }
            }
        }
        return new Picture(newWidth, newHeight, scaled);
    }

    private double mean(Weights columns, int x, Weights rows, int y, int channel) {
        double sum = 0.0;
        for (int i = 0; i < rows.weights[y].length; i++) {
            double row = 0.0;
            for (int j = 0; j < columns.weights[x].length; j++) {
                row += columns.weights[x][j]
                        * value(columns.first[x] + j, rows.first[y] + i, channel);
            }
            sum += rows.weights[y][i] * row;
        }
        return sum;
    }

    /** Which old rows, or columns, make up a new one, and how much of each. */
    private static final class Weights {
        final int[] first;
        final double[][] weights;

        Weights(int oldSize, int newSize, double start, double scale) {
            first = new int[newSize];
            weights = new double[newSize][];
            // Made larger, a new pixel lies between the centres of two old ones.
            double reach = Math.max(1.0, scale) / 2;
            for (int i = 0; i < newSize; i++) {
                double centre = start + (i + 0.5) * scale;
                double low = Math.max(0.0, centre - reach);
                double high = Math.min(oldSize, centre + reach);
                int begin = (int) Math.floor(low + 1e-9);
                int end = Math.max(begin + 1, (int) Math.ceil(high - 1e-9));
                first[i] = begin;
                weights[i] = new double[end - begin];
                for (int j = begin; j < end; j++) {
                    double share = Math.min(high, j + 1) - Math.max(low, j);
                    weights[i][j - begin] = share / (high - low);
                }
            }
        }
    }
}
