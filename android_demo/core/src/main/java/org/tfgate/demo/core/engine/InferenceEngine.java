package org.tfgate.demo.core.engine;

import java.io.Closeable;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * Runs one model. Inputs and outputs go by their names in the signature, never by position, which
 * differs from the signature's order. Used by one thread at a time; a model that does not fit into
 * memory is an {@link EngineException}, too, not an error of the virtual machine.
 */
public interface InferenceEngine extends Closeable {
    /** Input: one image, in the range and shape that the model's metadata tell. */
    String IMAGES = "images";

    /** Optional input, one number: τ, a probability. */
    String TAU = "tau";

    /** Optional input, one number: the control u. */
    String U = "u";

    /** Output: [1, classes]. */
    String PREDICTIONS = "predictions";

    /** Optional output: [1, undecided components], 0 and 1. */
    String DECISIONS = "decisions";

    /**
     * Loads a model; what was loaded before is closed.
     *
     * @param model a .tflite file, which must stay as it is until {@link #close}.
     * @throws EngineException the file can't be read, is no model, or does not fit into memory.
     */
    void load(File model, EngineOptions options) throws EngineException;

    /**
     * Loads a model; what was loaded before is closed.
     *
     * @param model a direct buffer with the bytes of a .tflite file.
     * @throws EngineException the bytes are no model, or don't fit into memory.
     */
    void load(ByteBuffer model, EngineOptions options) throws EngineException;

    /** Nanoseconds that loading took, with all that prepares the first run; 0 before. */
    long loadNanos();

    /** Nanoseconds of the loaded model's first run, as {@link #run} gave them; 0 before. */
    long firstRunNanos();

    /** Names of the inputs of the loaded model. */
    Set<String> inputs();

    /** Names of the outputs of the loaded model. */
    Set<String> outputs();

    /**
     * Sets an input for all runs to come.
     *
     * @param values all numbers of the tensor, rows first; they are copied.
     * @throws EngineException there is no such input, or it has another size.
     */
    void setInput(String name, float[] values) throws EngineException;

    /**
     * Runs the model once.
     *
     * @return nanoseconds that the inference took, without setting inputs and reading outputs.
     * @throws EngineException the model can't be run.
     */
    long run() throws EngineException;

    /**
     * Returns what the last run gave.
     *
     * @return all numbers of the tensor, rows first: the caller's own.
     * @throws EngineException there is no such output, or nothing was run.
     */
    float[] output(String name) throws EngineException;

    /** Frees the model. May be called twice. */
    @Override
    void close();
}
