package org.tfgate.demo.app.tryout;

import android.content.ContentResolver;
import android.database.Cursor;
import android.net.Uri;
import android.provider.OpenableColumns;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.app.bench.BitmapDecoder;
import org.tfgate.demo.app.bench.Picture;
import org.tfgate.demo.app.bench.PictureFiles;

/** A picture that the person chose in Android's own chooser, which lets the app read just that. */
final class ChosenPicture implements PictureFiles {
    private final ContentResolver resolver;
    private final Uri address;

    ChosenPicture(ContentResolver resolver, Uri address) {
        this.resolver = resolver;
        this.address = address;
    }

    /** The file's name; the end of its address, where its owner tells none. */
    String name() {
        String[] columns = {OpenableColumns.DISPLAY_NAME};
        try (Cursor cursor = resolver.query(address, columns, null, null, null)) {
            if (cursor != null && cursor.moveToFirst() && cursor.getString(0) != null) {
                return cursor.getString(0);
            }
        }
        String end = address.getLastPathSegment();
        return end == null ? address.toString() : end;
    }

    @Override
    public String dataset() {
        return "chosen";
    }

    @Override
    public List<String> names() {
        return Collections.singletonList(name());
    }

    @Override
    public Picture decode(String name, int width, int height) throws IOException {
        return BitmapDecoder.decode(new BitmapDecoder.Opening() {
            @Override
            public InputStream open() throws IOException {
                return opened();
            }
        }, width, height);
    }

    private InputStream opened() throws IOException {
        try {
            InputStream stream = resolver.openInputStream(address);
            if (stream == null) {
                throw new FileNotFoundException("the app that has it gives nothing");
            }
            return stream;
        } catch (SecurityException error) {
            throw new IOException("the permission to read it has ended: choose it again", error);
        }
    }
}
