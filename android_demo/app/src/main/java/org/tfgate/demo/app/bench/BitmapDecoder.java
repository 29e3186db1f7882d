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
     * @param width the picture may be smaller than it was by a power of two, but not below these
     *     numbers of pixels.
     * @throws IOException it can't be read, or is no picture.
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
        Bitmap bitmap;
        try {
            bitmap = decode(opening, options);
        } catch (OutOfMemoryError error) {
            throw new IOException("there is no memory for it", error);
        }
        if (bitmap == null) {
            throw new IOException("it is no picture that Android decodes");
        }
        int[] pixels = new int[bitmap.getWidth() * bitmap.getHeight()];
        bitmap.getPixels(
                pixels, 0, bitmap.getWidth(), 0, 0, bitmap.getWidth(), bitmap.getHeight());
        Picture picture = Picture.of(bitmap.getWidth(), bitmap.getHeight(), pixels);
        bitmap.recycle();
        return picture.upright(orientation);
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
