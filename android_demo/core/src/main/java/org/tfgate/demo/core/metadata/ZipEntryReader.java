package org.tfgate.demo.core.metadata;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Reads one entry of a zip archive that follows other bytes.
 *
 * <p>The directory at the archive's end is read here, because {@code java.util.zip.ZipInputStream}
 * must begin at an entry, whose place the file's head does not tell, and {@code ZipFile} does not
 * take archives with something before them on all of Android's versions.
 */
final class ZipEntryReader {
    /** A document is some kilobytes long; a damaged size must not fill the memory. */
    private static final int MAXIMUM_BYTES = 16 << 20;

    private static final int END_SIGNATURE = 0x06054b50;
    private static final int DIRECTORY_SIGNATURE = 0x02014b50;
    private static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int END_BYTES = 22;
    private static final int DIRECTORY_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final int LONGEST_COMMENT = 0xffff;
    private static final int STORED = 0;
    private static final int DEFLATED = 8;

    private final ByteSource source;

    ZipEntryReader(ByteSource source) {
        this.source = source;
    }

    /**
     * Returns an entry's content.
     *
     * @return null if there is no archive at the end of the source, or no such entry in it.
     * @throws ZipException the archive is damaged.
     * @throws IOException the source can't be read.
     */
    byte[] read(String name) throws IOException {
        int length = (int) Math.min(source.size(), END_BYTES + LONGEST_COMMENT);
        long start = source.size() - length;
        ByteBuffer tail = littleEndian(source.read(start, length));
        for (int i = length - END_BYTES; i >= 0; i--) {
            if (tail.getInt(i) == END_SIGNATURE
                    && unsigned(tail.getShort(i + 20)) == length - i - END_BYTES) {
                long directoryBytes = unsigned(tail.getInt(i + 12));
                long directory = start + i - directoryBytes;
                // Some writers count from the archive's start, some from the file's.
                long offset = directory - unsigned(tail.getInt(i + 16));
                try {
                    return find(name, directory, directoryBytes, offset);
                } catch (EOFException error) {
                    throw new ZipException("the archive points behind its end");
                }
            }
        }
        return null;
    }

    private byte[] find(String name, long directory, long bytes, long offset) throws IOException {
        if (bytes > MAXIMUM_BYTES) {
            throw new ZipException("the archive's directory is too large");
        }
        byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer entries = littleEndian(source.read(directory, (int) bytes));
        int position = 0;
        while (position + DIRECTORY_BYTES <= entries.capacity()) {
            if (entries.getInt(position) != DIRECTORY_SIGNATURE) {
                throw new ZipException("the archive's directory is damaged");
            }
            int nameBytes = unsigned(entries.getShort(position + 28));
            int next = position + DIRECTORY_BYTES + nameBytes
                    + unsigned(entries.getShort(position + 30))
                    + unsigned(entries.getShort(position + 32));
            if (next > entries.capacity()) {
                throw new ZipException("the archive's directory is damaged");
            }
            int nameStart = position + DIRECTORY_BYTES;
            byte[] own =
                    Arrays.copyOfRange(entries.array(), nameStart, nameStart + nameBytes);
            if (Arrays.equals(own, wanted)) {
                return content(entries, position, offset);
            }
            position = next;
        }
        return null;
    }

    private byte[] content(ByteBuffer entries, int position, long offset) throws IOException {
        int method = unsigned(entries.getShort(position + 10));
        long crc = unsigned(entries.getInt(position + 16));
        long packedBytes = unsigned(entries.getInt(position + 20));
        long bytes = unsigned(entries.getInt(position + 24));
        long local = offset + unsigned(entries.getInt(position + 42));
        if (bytes > MAXIMUM_BYTES || packedBytes > MAXIMUM_BYTES) {
            throw new ZipException("the entry is too large");
        }
        ByteBuffer header = littleEndian(source.read(local, LOCAL_BYTES));
        if (header.getInt(0) != LOCAL_SIGNATURE) {
            throw new ZipException("the entry is not where the directory says");
        }
        long start = local + LOCAL_BYTES + unsigned(header.getShort(26))
                + unsigned(header.getShort(28));
        byte[] packed = source.read(start, (int) packedBytes);
        byte[] content = unpacked(packed, method, (int) bytes);
        CRC32 checksum = new CRC32();
        checksum.update(content, 0, content.length);
        if (checksum.getValue() != crc) {
            throw new ZipException("the entry's checksum differs");
        }
        return content;
    }

    private static byte[] unpacked(byte[] packed, int method, int bytes) throws ZipException {
        if (method == STORED && packed.length == bytes) {
            return packed;
        }
        if (method != DEFLATED) {
            throw new ZipException("the entry is packed in an unknown way, " + method);
        }
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(packed);
            byte[] content = new byte[bytes];
            int got = 0;
            while (got < bytes) {
                int more = inflater.inflate(content, got, bytes - got);
                if (more == 0) {
                    throw new ZipException("the entry ends too early");
                }
                got += more;
            }
            return content;
        } catch (DataFormatException error) {
            throw new ZipException("the entry can't be unpacked");
        } finally {
            inflater.end();
        }
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int unsigned(short value) {
        return value & 0xffff;
    }

    private static long unsigned(int value) {
        return value & 0xffffffffL;
    }
}
