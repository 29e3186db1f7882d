package org.tfgate.demo.core.json;

/** A text is not JSON, or a document does not hold what was expected. */
public final class JsonException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * @param message one line: what was expected, where, and what was got.
     */
    public JsonException(String message) {
        super(message);
    }
}
