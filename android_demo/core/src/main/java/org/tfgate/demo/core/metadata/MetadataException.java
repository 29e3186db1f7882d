package org.tfgate.demo.core.metadata;

/** A file is not one whose document can be read. The message is one line, for people. */
public final class MetadataException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is wrong, for messages in the user's language. */
    public enum Reason {
        /** The file can't be read, or is none. */
        UNREADABLE,
        /** The file is no .tflite file. */
        NOT_TFLITE,
        /** There is no document: another converter wrote the file, or it is truncated. */
        NO_METADATA,
        /** The document is of a schema newer than this app. */
        NEWER_SCHEMA,
        /** The file or its document is not as it was written. */
        DAMAGED
    }

    private final Reason reason;

    /**
     * @param reason what is wrong.
     * @param message one line: what was expected, in which file, and what was got.
     */
    public MetadataException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** What is wrong. */
    public Reason reason() {
        return reason;
    }
}
