package org.tfgate.demo.tflite;

import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.metadata.ModelMetadata;

/** Loads a model with its metadata: what they promise is checked, what they propose is set. */
final class ModelOpening {
    private final ModelStore models;
    private final String name;
    private final ModelMetadata metadata;

    ModelOpening(ModelStore models, String name) throws EngineException {
        this.models = models;
        this.name = name;
        metadata = models.metadata(name);
    }

    TfliteEngine open(TfliteEngine engine, EngineOptions options) throws EngineException {
        boolean complete = false;
        try {
            load(engine, options);
            check(engine, options);
            // A file of two signatures has its dials in the first; the other is dense.
            if (isFirst(options)) {
                propose(engine);
            }
            complete = true;
            return engine;
        } finally {
            if (!complete) {
                engine.close();
            }
        }
    }

    private void load(TfliteEngine engine, EngineOptions options) throws EngineException {
        try {
            engine.load(models.bytes(name), options);
        } catch (EngineException error) {
            String hint =
                    "latest".equals(metadata.runtime())
                            ? " (it was converted for newer runtimes: convert it with"
                                    + " --runtime=2.16)"
                            : "";
            throw new EngineException(name + ": " + error.getMessage() + hint, error);
        }
    }

    private void check(TfliteEngine engine, EngineOptions options) throws EngineException {
        boolean isFirst = isFirst(options);
        expect(engine.inputs().contains(InferenceEngine.IMAGES), "an input images");
        int size = metadata.input().size();
        expect(
                engine.inputSize(InferenceEngine.IMAGES) == size,
                "an input images of " + size + " numbers");
        expect(engine.outputs().contains(InferenceEngine.PREDICTIONS), "an output predictions");
        expect(
                !isFirst || !metadata.hasDecisions()
                        || engine.outputs().contains(InferenceEngine.DECISIONS),
                "an output decisions");
        expect(
                !isFirst
                        || engine.inputs().contains(InferenceEngine.TAU)
                                == metadata.hasTauInput(),
                metadata.hasTauInput() ? "an input tau" : "no input tau");
        expect(
                !isFirst || engine.inputs().contains(InferenceEngine.U) == metadata.hasUInput(),
                metadata.hasUInput() ? "an input u" : "no input u");
    }

    private boolean isFirst(EngineOptions options) {
        return options.signature().equals(metadata.signatures().get(0));
    }

    private void propose(TfliteEngine engine) throws EngineException {
        if (metadata.hasTauInput()) {
            expect(metadata.tau() != null, "a proposal for its input tau");
            engine.setInput(InferenceEngine.TAU, new float[] {metadata.tau().floatValue()});
        }
        if (metadata.hasUInput()) {
            engine.setInput(InferenceEngine.U, new float[] {metadata.u().floatValue()});
        }
    }

    private void expect(boolean found, String what) throws EngineException {
        if (!found) {
            throw new EngineException(
                    "Expected " + name + " to have " + what + ", as its metadata tells.");
        }
    }
}
