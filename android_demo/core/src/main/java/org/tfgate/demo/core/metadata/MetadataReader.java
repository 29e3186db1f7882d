package org.tfgate.demo.core.metadata;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.ZipException;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonReader;
import org.tfgate.demo.core.metadata.MetadataException.Reason;

/**
 * Reads {@code tfgate.json} from the zip archive at the end of a .tflite file, as {@code
 * tflite/metadata.py} wrote it, and checks the file against it.
 */
public final class MetadataReader {
    /** Name of the document in the archive. */
    public static final String ENTRY = "tfgate.json";

    /** The schema that is read. */
    public static final String SCHEMA = "tfgate.tflite";

    /** The newest version of the schema that is read. */
    public static final int SCHEMA_VERSION = 3;

    private static final byte[] IDENTIFIER = "TFL3".getBytes(StandardCharsets.US_ASCII);
    private static final int IDENTIFIER_OFFSET = 4;

    private MetadataReader() {}

    /**
     * Reads a file's document. All of the file is read, because its checksum is compared, but
     * little of it is held in memory.
     *
     * @throws MetadataException the file can't be read, is no .tflite file, has no document, is
     *     damaged, or was written by a newer schema.
     */
    public static ModelMetadata read(File file) throws MetadataException {
        try (ByteSource source = ByteSource.of(file)) {
            return read(source, file.getName());
        } catch (IOException error) {
            throw new MetadataException(
                    Reason.UNREADABLE,
                    "Expected a file that can be read, got " + file + ": " + error.getMessage());
        }
    }

    /**
     * Reads the document of a file in memory.
     *
     * @param content the file's bytes.
     * @param name what messages call the file.
     * @throws MetadataException see {@link #read(File)}.
     */
    public static ModelMetadata read(byte[] content, String name) throws MetadataException {
        try {
            return read(ByteSource.of(content), name);
        } catch (IOException error) {
            throw damaged(name, error.getMessage());
        }
    }

    /**
     * Reads the document of a file that is mapped into memory.
     *
     * @param content the file's bytes; position and limit are of no matter, and stay.
     * @param name what messages call the file.
     * @throws MetadataException see {@link #read(File)}.
     */
    public static ModelMetadata read(ByteBuffer content, String name) throws MetadataException {
        try {
            return read(ByteSource.of(content), name);
        } catch (IOException error) {
            throw damaged(name, error.getMessage());
        }
    }

    private static ModelMetadata read(ByteSource source, String name)
            throws IOException, MetadataException {
        int head = IDENTIFIER_OFFSET + IDENTIFIER.length;
        if (source.size() < head
                || !Arrays.equals(
                        source.read(IDENTIFIER_OFFSET, IDENTIFIER.length), IDENTIFIER)) {
            throw new MetadataException(
                    Reason.NOT_TFLITE, "Expected " + name + " to be a .tflite file, got another.");
        }
        try {
            JsonObject document = document(source, name);
            checkSchema(document, name);
            checkFlatbuffer(source, document.object("flatbuffer"), name);
            return MetadataParser.parse(document, sha256(source, source.size()), source.size());
        } catch (JsonException error) {
            throw damaged(name, error.getMessage());
        } catch (IllegalArgumentException error) {
            throw damaged(name, error.getMessage());
        }
    }

    private static JsonObject document(ByteSource source, String name)
            throws IOException, JsonException, MetadataException {
        byte[] document;
        try {
            document = new ZipEntryReader(source).read(ENTRY);
        } catch (ZipException error) {
            throw damaged(name, error.getMessage());
        }
        if (document == null) {
            throw new MetadataException(
                    Reason.NO_METADATA,
                    "Expected " + name + " to hold tfgate's metadata, got none: it was not written "
                            + "by tflite.convert, or it is truncated.");
        }
        return JsonReader.readObject(document, ENTRY);
    }

    private static void checkSchema(JsonObject document, String name)
            throws JsonException, MetadataException {
        if (!SCHEMA.equals(document.text("schema"))) {
            throw damaged(name, "its schema is '" + document.text("schema") + "'");
        }
        int version = document.integer("schema_version");
        if (version > SCHEMA_VERSION) {
            throw new MetadataException(
                    Reason.NEWER_SCHEMA,
                    "Expected " + name + " with a document of schema version " + SCHEMA_VERSION
                            + " or older, got version " + version + ": use a newer app.");
        }
    }

    private static void checkFlatbuffer(ByteSource source, JsonObject expected, String name)
            throws IOException, JsonException, MetadataException {
        long bytes = expected.wholeNumber("bytes");
        if (bytes < 0
                || bytes > source.size()
                || !sha256(source, bytes).equals(expected.text("sha256"))) {
            throw damaged(name, "its checksum differs");
        }
    }

    /** SHA-256 of the first bytes, in hexadecimal. */
    private static String sha256(ByteSource source, long bytes) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException error) {
            throw new AssertionError("Every Java has SHA-256", error);
        }
        byte[] buffer = new byte[1 << 16];
        for (long position = 0; position < bytes; position += buffer.length) {
            int length = (int) Math.min(buffer.length, bytes - position);
            source.read(position, buffer, length);
            digest.update(buffer, 0, length);
        }
        StringBuilder text = new StringBuilder();
        for (byte value : digest.digest()) {
            text.append(String.format(Locale.ROOT, "%02x", value & 0xff));
        }
        return text.toString();
    }

    private static MetadataException damaged(String name, String why) {
        String end = why.endsWith(".") ? "" : ".";
        return new MetadataException(
                Reason.DAMAGED,
                "Expected " + name + " as tflite.convert wrote it, got a damaged file: " + why
                        + end);
    }
}
