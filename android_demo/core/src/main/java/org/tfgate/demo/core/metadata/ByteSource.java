package org.tfgate.demo.core.metadata;

import java.io.Closeable;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;

/** Bytes that are read from anywhere: models are too large to hold them twice in memory. */
abstract class ByteSource implements Closeable {
    abstract long size() throws IOException;

    /** Reads as many bytes as fit into the target, from a position on. */
    abstract void read(long position, byte[] target, int length) throws IOException;

    @Override
    public void close() throws IOException {}

    byte[] read(long position, int length) throws IOException {
        byte[] target = new byte[length];
        read(position, target, length);
        return target;
    }

    static ByteSource of(final byte[] content) {
        return new ByteSource() {
            @Override
            long size() {
                return content.length;
            }

            @Override
            void read(long position, byte[] target, int length) throws IOException {
                if (position < 0 || position + length > content.length) {
                    throw new EOFException("byte " + position + " of " + content.length);
                }
                System.arraycopy(content, (int) position, target, 0, length);
            }
        };
    }

    static ByteSource of(ByteBuffer content) {
        final ByteBuffer own = content.duplicate();
        own.clear();
        return new ByteSource() {
            @Override
            long size() {
                return own.capacity();
            }

            @Override
            void read(long position, byte[] target, int length) throws IOException {
                if (position < 0 || position + length > own.capacity()) {
                    throw new EOFException("byte " + position + " of " + own.capacity());
                }
                own.position((int) position);
                own.get(target, 0, length);
            }
        };
    }

    static ByteSource of(File file) throws IOException {
        final RandomAccessFile opened = new RandomAccessFile(file, "r");
        return new ByteSource() {
            @Override
            long size() throws IOException {
                return opened.length();
            }

            @Override
            void read(long position, byte[] target, int length) throws IOException {
                if (position < 0) {
                    throw new EOFException("byte " + position);
                }
                opened.seek(position);
                opened.readFully(target, 0, length);
            }

            @Override
            public void close() throws IOException {
                opened.close();
            }
        };
    }
}
