package org.tfgate.demo.core.metadata;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.tfgate.demo.core.TestFiles;

/** The files of {@code python -m tools.android_vectors}, and others that tests make of them. */
public final class MetadataFiles {
    private MetadataFiles() {}

    public static byte[] bytes(String file) throws IOException {
        return TestFiles.resource("metadata/" + file);
    }

    public static ModelMetadata read(String file) throws IOException, MetadataException {
        return MetadataReader.read(bytes(file), file);
    }

    /** The document inside a file. */
    static String document(String file) throws IOException {
        byte[] document = new ZipEntryReader(ByteSource.of(bytes(file))).read("tfgate.json");
        return new String(document, StandardCharsets.UTF_8);
    }

    /** A file with another document behind the same flatbuffer. */
    static byte[] withDocument(String file, String document) throws IOException {
        return withArchive(file, "tfgate.json", document.getBytes(StandardCharsets.UTF_8));
    }

    /** A file with an archive of one stored entry, whose offsets count from its own start. */
    static byte[] withArchive(String file, String name, byte[] content) throws IOException {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        ZipOutputStream zip = new ZipOutputStream(archive);
        ZipEntry entry = new ZipEntry(name);
        CRC32 checksum = new CRC32();
        checksum.update(content, 0, content.length);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.close();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(bytes(file), 0, flatbufferBytes(file));
        archive.writeTo(all);
        return all.toByteArray();
    }

    /** Where the archive begins: the place that its directory tells. */
    static int flatbufferBytes(String file) throws IOException {
        byte[] content = bytes(file);
        ByteBuffer numbers = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        int directory = numbers.getInt(content.length - 22 + 16);
        return numbers.getInt(directory + 42);
    }
}
