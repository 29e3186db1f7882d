package org.tfgate.demo.core.engine;

/** A model can't be loaded, or doesn't run. The message is one line, for people. */
public final class EngineException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * @param message one line: what was expected and what was got.
     */
    public EngineException(String message) {
        super(message);
    }

    /**
     * @param message one line: what was expected and what was got.
     * @param cause what the runtime threw.
     */
    public EngineException(String message, Throwable cause) {
        super(message, cause);
    }
}
