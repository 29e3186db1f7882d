package org.tfgate.demo.app;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.tfgate.demo.core.metadata.MetadataException;
import org.tfgate.demo.core.metadata.MetadataReader;
import org.tfgate.demo.core.metadata.ModelMetadata;

/** The small model files of core's tests, read where they lie. */
public final class CoreFiles {
    private static final File FOLDER =
            new File(
                    System.getProperty("tfgate.app.main"),
                    "../../../core/src/test/resources/metadata");
    private static final int END_OF_ZIP = 22;

    private CoreFiles() {}

    public static byte[] model(String name) throws IOException {
        return Files.readAllBytes(new File(FOLDER, name).toPath());
    }

    public static ModelMetadata metadata(String name) throws IOException, MetadataException {
        return MetadataReader.read(model(name), name);
    }

    /** A model with changes in its document, of which blanks are gone: what was, what is. */
    public static byte[] withDocument(String name, String... changes) throws IOException {
        byte[] content = model(name);
        ByteBuffer numbers = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        int directory = numbers.getInt(content.length - END_OF_ZIP + 16);
        int archive = numbers.getInt(directory + 42);
        ZipInputStream zip =
                new ZipInputStream(
                        new ByteArrayInputStream(content, archive, content.length - archive));
        zip.getNextEntry();
        ByteArrayOutputStream document = new ByteArrayOutputStream();
        for (int each = zip.read(); each >= 0; each = zip.read()) {
            document.write(each);
        }
        // Python breaks lists into lines; the changes do not.
        String text =
                new String(document.toByteArray(), StandardCharsets.UTF_8)
                        .replaceAll("\\s+", "");
        for (int i = 0; i < changes.length; i += 2) {
            if (!text.contains(changes[i])) {
                throw new IllegalArgumentException(changes[i] + " is not in " + text);
            }
            text = text.replace(changes[i], changes[i + 1]);
        }
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        ZipOutputStream writer = new ZipOutputStream(packed);
        writer.putNextEntry(new ZipEntry("tfgate.json"));
        writer.write(text.getBytes(StandardCharsets.UTF_8));
        writer.close();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(content, 0, archive);
        packed.writeTo(all);
        return all.toByteArray();
    }
}
