package org.tfgate.demo.app.bench;

import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import android.media.ExifInterface;
import java.io.IOException;
import java.io.InputStream;

/** Decodes pictures as Android does: PNG, JPEG and WebP. */
public final class BitmapDecoder {
    /** Opens a file, several times. */
    public interface Opening {
        /** The file's bytes, from the first; the caller closes them. */
        InputStream open() throws IOException;
    }

    private static final String JPEG = "image/jpeg";

    private BitmapDecoder() {}

    /**
     * @param width one of millions of pixels may be smaller than it was by a power of two, but not
     *     below these numbers of pixels.
     * @throws IOException it can't be read, is no picture, or is too large for the memory.
     */
    public static Picture decode(Opening opening, int width, int height) throws IOException {
        BitmapFactory.Options options = new BitmapFactory.Options();
        options.inJustDecodeBounds = true;
        decode(opening, options);
        if (options.outWidth < 1 || options.outHeight < 1) {
            throw new IOException("it is no picture that Android decodes");
        }
        int orientation = orientation(opening, options.outMimeType);
        boolean lies = orientation >= ExifInterface.ORIENTATION_TRANSPOSE;
        options.inJustDecodeBounds = false;
        options.inScaled = false;
        options.inPreferredConfig = Bitmap.Config.ARGB_8888;
        // Where something is transparent, its own colour counts, as in TensorFlow.
        options.inPremultiplied = false;
        options.inSampleSize =
                SampleSize.of(
                        options.outWidth, options.outHeight,
                        lies ? height : width, lies ? width : height);
        try {
            return picture(opening, options).upright(orientation);
        } catch (OutOfMemoryError error) {
            throw new IOException("there is no memory for it", error);
        }
    }

    private static Picture picture(Opening opening, BitmapFactory.Options options)
            throws IOException {
        Bitmap bitmap = decode(opening, options);
        if (bitmap == null) {
            throw new IOException("it is no picture that Android decodes");
        }
        int width = bitmap.getWidth();
        int height = bitmap.getHeight();
        try {
            int[] pixels = new int[width * height];
            bitmap.getPixels(pixels, 0, width, 0, 0, width, height);
            return Picture.of(width, height, pixels);
        } finally {
            bitmap.recycle();
        }
    }

    /** How a camera was held, which it notes in JPEG files. */
    private static int orientation(Opening opening, String type) throws IOException {
        if (!JPEG.equals(type)) {
            return ExifInterface.ORIENTATION_NORMAL;
        }
        try (InputStream stream = opening.open()) {
            int noted =
                    new ExifInterface(stream)
                            .getAttributeInt(
                                    ExifInterface.TAG_ORIENTATION,
                                    ExifInterface.ORIENTATION_NORMAL);
            boolean known = noted > ExifInterface.ORIENTATION_UNDEFINED
                    && noted <= ExifInterface.ORIENTATION_ROTATE_270;
            return known ? noted : ExifInterface.ORIENTATION_NORMAL;
        }
    }

    private static Bitmap decode(Opening opening, BitmapFactory.Options options)
            throws IOException {
        try (InputStream stream = opening.open()) {
            return BitmapFactory.decodeStream(stream, null, options);
        }
    }
}
