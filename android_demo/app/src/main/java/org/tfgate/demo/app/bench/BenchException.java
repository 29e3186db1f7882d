package org.tfgate.demo.app.bench;

/** What is asked for can't be measured. The message is one line, for people. */
public final class BenchException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * @param message one line: what was expected and what was got.
     */
    public BenchException(String message) {
        super(message);
    }

    /**
     * @param message one line: what was expected and what was got.
     * @param cause what was thrown.
     */
    public BenchException(String message, Throwable cause) {
        super(message, cause);
    }
}
