package org.tfgate.demo.app.models;

import org.tfgate.demo.core.metadata.MetadataException;

/** Why a model can't be used; immutable. */
public final class ModelProblem {
    /** What is wrong, for messages in the user's language. */
    public enum Reason {
        /** The file can't be read. */
        UNREADABLE,
        /** The file is no .tflite file. */
        NOT_TFLITE,
        /** The file has no metadata: another converter wrote it, or it is truncated. */
        NO_METADATA,
        /** The metadata is of a schema newer than this app. */
        NEWER_SCHEMA,
        /** The file is not as it was written. */
        DAMAGED,
        /** The device has not memory enough. */
        TOO_LARGE
    }

    private final Reason reason;
    private final String message;

    ModelProblem(Reason reason, String message) {
        this.reason = reason;
        this.message = message;
    }

    static ModelProblem of(MetadataException error) {
        return new ModelProblem(reason(error.reason()), error.getMessage());
    }

    private static Reason reason(MetadataException.Reason reason) {
        switch (reason) {
            case NOT_TFLITE:
                return Reason.NOT_TFLITE;
            case NO_METADATA:
                return Reason.NO_METADATA;
            case NEWER_SCHEMA:
                return Reason.NEWER_SCHEMA;
            case DAMAGED:
                return Reason.DAMAGED;
            default:
                return Reason.UNREADABLE;
        }
    }

    /** What is wrong. */
    public Reason reason() {
        return reason;
    }

    /** One line in English: what was expected, and what was got. */
    public String message() {
        return message;
    }

    @Override
    public String toString() {
        return reason + ": " + message;
    }
}
