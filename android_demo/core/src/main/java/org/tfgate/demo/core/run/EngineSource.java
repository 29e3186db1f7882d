package org.tfgate.demo.core.run;

import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;

/** Gives engines with a loaded model. */
public interface EngineSource {
    /**
     * Loads a model into an engine of its own. The caller closes it.
     *
     * @param model the model's name in {@link Configuration}.
     * @throws EngineException the model is not known or can't be loaded.
     */
    InferenceEngine open(String model, EngineOptions options) throws EngineException;
}
