package org.tfgate.demo.app.results;

import android.content.ContentProvider;
import android.content.ContentValues;
import android.database.Cursor;
import android.database.MatrixCursor;
import android.net.Uri;
import android.os.ParcelFileDescriptor;
import android.provider.OpenableColumns;
import java.io.File;
import java.io.FileNotFoundException;
import org.tfgate.demo.BuildConfig;
import org.tfgate.demo.app.bench.ResultFolder;

/**
 * Lets other apps read a result that the person shares with them, and nothing else: it is not
 * exported, so who reads needs a permission for that one file.
 */
public final class ResultProvider extends ContentProvider {
    private static final String AUTHORITY = BuildConfig.APPLICATION_ID + ".results";
    private static final String FOLDER = "results";

    /** Address of a result's file. */
    static Uri address(File file) {
        return new Uri.Builder()
                .scheme("content")
                .authority(AUTHORITY)
                .appendPath(file.getName())
                .build();
    }

    /** MIME type of a result's file. */
    static String type(String fileName) {
        return fileName.endsWith(ResultFolder.CSV) ? "text/csv" : "application/json";
    }

    @Override
    public boolean onCreate() {
        return true;
    }

    @Override
    public String getType(Uri address) {
        return type(String.valueOf(address.getLastPathSegment()));
    }

    @Override
    public ParcelFileDescriptor openFile(Uri address, String mode) throws FileNotFoundException {
        if (!mode.equals("r")) {
            throw new FileNotFoundException("Expected results to be read, got mode " + mode + ".");
        }
        return ParcelFileDescriptor.open(file(address), ParcelFileDescriptor.MODE_READ_ONLY);
    }

    @Override
    public Cursor query(
            Uri address, String[] columns, String selection, String[] arguments, String order) {
        String[] wanted =
                columns == null
                        ? new String[] {OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE}
                        : columns;
        MatrixCursor cursor = new MatrixCursor(wanted, 1);
        File file;
        try {
            file = file(address);
        } catch (FileNotFoundException error) {
            return cursor; // No rows: there is no such file.
        }
        Object[] row = new Object[wanted.length];
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i].equals(OpenableColumns.DISPLAY_NAME)) {
                row[i] = file.getName();
            } else if (wanted[i].equals(OpenableColumns.SIZE)) {
                row[i] = file.length();
            }
        }
        cursor.addRow(row);
        return cursor;
    }

    @Override
    public Uri insert(Uri address, ContentValues values) {
        throw new UnsupportedOperationException("Results are read only.");
    }

    @Override
    public int delete(Uri address, String selection, String[] arguments) {
        throw new UnsupportedOperationException("Results are read only.");
    }

    @Override
    public int update(
            Uri address, ContentValues values, String selection, String[] arguments) {
        throw new UnsupportedOperationException("Results are read only.");
    }

    private File file(Uri address) throws FileNotFoundException {
        return ResultPaths.file(
                getContext().getExternalFilesDir(FOLDER), address.getPathSegments());
    }
}
