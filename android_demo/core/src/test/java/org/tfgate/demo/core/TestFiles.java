package org.tfgate.demo.core;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** Files that tests read and write. */
public final class TestFiles {
    private TestFiles() {}

    public static byte[] read(File file) throws IOException {
        try (InputStream stream = new FileInputStream(file)) {
            return readAll(stream);
        }
    }

    /** A file of src/test/resources. */
    public static byte[] resource(String name) throws IOException {
        try (InputStream stream = TestFiles.class.getResourceAsStream("/" + name)) {
            if (stream == null) {
                throw new FileNotFoundException(name);
            }
            return readAll(stream);
        }
    }

    public static void write(File file, byte[] content) throws IOException {
        File folder = file.getParentFile();
        if (!folder.isDirectory() && !folder.mkdirs()) {
            throw new IOException("Can't make " + folder);
        }
        try (FileOutputStream stream = new FileOutputStream(file)) {
            stream.write(content);
        }
    }

    private static byte[] readAll(InputStream stream) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        for (int got = stream.read(buffer); got >= 0; got = stream.read(buffer)) {
            content.write(buffer, 0, got);
        }
        return content.toByteArray();
    }
}
