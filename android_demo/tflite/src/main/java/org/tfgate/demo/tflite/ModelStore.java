package org.tfgate.demo.tflite;

import java.nio.ByteBuffer;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.metadata.ModelMetadata;

/** Gives models by their names. */
public interface ModelStore {
    /**
     * What a model tells about itself.
     *
     * @throws EngineException there is no such model, or it can't be used.
     */
    ModelMetadata metadata(String model) throws EngineException;

    /**
     * The model's bytes: a direct buffer in the order of the processor, best a mapped file, which
     * takes no memory for what is not read.
     *
     * @throws EngineException there is no such model, it can't be read or does not fit.
     */
    ByteBuffer bytes(String model) throws EngineException;
}
