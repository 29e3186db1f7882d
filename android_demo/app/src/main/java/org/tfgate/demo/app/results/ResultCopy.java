package org.tfgate.demo.app.results;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Copies a result to where the person wants it. */
final class ResultCopy {
    private static final int BUFFER = 1 << 16;

    private ResultCopy() {}

    /**
     * Copies a file, and closes what it writes to.
     *
     * @throws IOException it can't be read or written, such as for want of room.
     */
    static void copy(File file, OutputStream target) throws IOException {
        try (OutputStream closed = target;
                FileInputStream source = new FileInputStream(file)) {
            byte[] buffer = new byte[BUFFER];
            for (int read = source.read(buffer); read >= 0; read = source.read(buffer)) {
                closed.write(buffer, 0, read);
            }
            closed.flush();
        }
    }
}
