package org.tfgate.demo.tflite;

import java.io.File;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Map;
import org.tfgate.demo.core.engine.EngineException;

/**
 * A model in the runtime, and no more than the engine asks of it. Methods may throw what the
 * runtime throws: unchecked exceptions and errors, which the engine turns into {@link
 * EngineException}.
 */
interface NativeModel {
    /** Loads models. */
    interface Loader {
        /** Loads a file, which stays as it is meanwhile. */
        NativeModel load(File model, int threads, boolean xnnpack);

        /** Loads a direct buffer, which stays as it is meanwhile. */
        NativeModel load(ByteBuffer model, int threads, boolean xnnpack);
    }

    /** Names of the signatures. */
    String[] signatures();

    /** Names of a signature's inputs. */
    String[] inputs(String signature);

    /** Names of a signature's outputs. */
    String[] outputs(String signature);

    /**
     * What an input is.
     *
     * @throws EngineException its numbers are of a type that the engine does not know.
     */
    TensorFacts input(String signature, String name) throws EngineException;

    /**
     * What an output is.
     *
     * @throws EngineException its numbers are of a type that the engine does not know.
     */
    TensorFacts output(String signature, String name) throws EngineException;

    /** Runs a signature with all of its inputs. */
    void run(String signature, Map<String, Buffer> inputs);

    /** Nanoseconds of the last run, without setting inputs. */
    long lastNanos();

    /** Bytes of an output of the last run: valid until the next run. */
    ByteBuffer bytes(String signature, String output);

    void close();
}
