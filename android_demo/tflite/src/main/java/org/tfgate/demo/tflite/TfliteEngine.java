package org.tfgate.demo.tflite;

import java.io.File;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.tensorflow.lite.TensorFlowLite;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.run.EngineSource;

/**
 * Runs a model in TensorFlow Lite, a signature by its name.
 *
 * <p>Inputs start as zeros. Their buffers are made when the model is loaded, and again by no run
 * and no change of τ or u. Whole-numbered inputs and outputs go by their scales: callers see real
 * numbers. The model's own metadata is no matter of this class, but of {@link Source}.
 */
public final class TfliteEngine implements InferenceEngine {
    /** Name of the runtime in result documents. */
    public static final String RUNTIME = "tensorflow-lite";

    private final NativeModel.Loader loader;
    private final Map<String, InputBuffer> inputs = new LinkedHashMap<String, InputBuffer>();
    private final Map<String, Buffer> rewound = new LinkedHashMap<String, Buffer>();
    private final Set<String> outputs = new LinkedHashSet<String>();
    private NativeModel model;
    private EngineOptions options;
    private long loadNanos;
    private long firstRunNanos;
    private boolean hasRun;

    /** An engine without a model. */
    public TfliteEngine() {
        this(TfliteRuntime.LOADER);
    }

    TfliteEngine(NativeModel.Loader loader) {
        this.loader = loader;
    }

    /**
     * The version of the runtime's native library, such as "2.16.1".
     *
     * @throws EngineException there is none for this processor.
     */
    public static String runtimeVersion() throws EngineException {
        try {
            return TensorFlowLite.runtimeVersion();
        } catch (RuntimeException error) {
            throw failure("Expected TensorFlow Lite's native library", error);
        } catch (LinkageError error) {
            throw failure("Expected TensorFlow Lite's native library", error);
        }
    }

    @Override
    public void load(final File file, final EngineOptions options) throws EngineException {
        if (!file.isFile()) {
            throw new EngineException("Expected a model file, got " + file + ".");
        }
        load(options, file.getName(), new Opening() {
            @Override
            public NativeModel open() {
                return loader.load(file, options.threads(), options.xnnpack());
            }
        });
    }

    @Override
    public void load(final ByteBuffer content, final EngineOptions options)
            throws EngineException {
        load(options, "a model of " + content.capacity() + " bytes", new Opening() {
            @Override
            public NativeModel open() {
                return loader.load(content, options.threads(), options.xnnpack());
            }
        });
    }

    private void load(EngineOptions options, String what, Opening opening)
            throws EngineException {
        close();
        String expected = "Expected " + what + " to be a model that this runtime loads";
        boolean complete = false;
        try {
            long start = System.nanoTime();
            model = opening.open();
            loadNanos = System.nanoTime() - start;
            this.options = options;
            bind();
            complete = true;
        } catch (RuntimeException error) {
            throw failure(expected, error);
        } catch (OutOfMemoryError error) {
            throw failure("Expected memory for " + what, error);
        } catch (LinkageError error) {
            throw failure("Expected TensorFlow Lite's native library", error);
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private void bind() throws EngineException {
        String signature = options.signature();
        if (!Arrays.asList(model.signatures()).contains(signature)) {
            throw new EngineException(
                    "Expected signature " + signature + ", got a model with "
                            + Arrays.toString(model.signatures()) + ".");
        }
        for (String name : model.inputs(signature)) {
            inputs.put(name, new InputBuffer(name, model.input(signature, name)));
        }
        outputs.addAll(Arrays.asList(model.outputs(signature)));
    }

    @Override
    public Set<String> inputs() {
        return Collections.unmodifiableSet(inputs.keySet());
    }

    @Override
    public Set<String> outputs() {
        return Collections.unmodifiableSet(outputs);
    }

    @Override
    public long loadNanos() {
        return loadNanos;
    }

    @Override
    public long firstRunNanos() {
        return firstRunNanos;
    }

    @Override
    public void setInput(String name, float[] values) throws EngineException {
        loaded();
        InputBuffer input = inputs.get(name);
        if (input == null) {
            throw new EngineException(
                    "Expected one of the inputs " + inputs.keySet() + ", got " + name + ".");
        }
        input.set(values);
    }

    @Override
    public long run() throws EngineException {
        loaded();
        for (Map.Entry<String, InputBuffer> input : inputs.entrySet()) {
            rewound.put(input.getKey(), input.getValue().rewound());
        }
        try {
            model.run(options.signature(), rewound);
        } catch (RuntimeException error) {
            throw failure("Expected the model to run", error);
        } catch (OutOfMemoryError error) {
            throw failure("Expected memory for a run of the model", error);
        }
        long nanos = model.lastNanos();
        if (!hasRun) {
            firstRunNanos = nanos;
            hasRun = true;
        }
        return nanos;
    }

    @Override
    public float[] output(String name) throws EngineException {
        loaded();
        if (!outputs.contains(name)) {
            throw new EngineException(
                    "Expected one of the outputs " + outputs + ", got " + name + ".");
        }
        if (!hasRun) {
            throw new EngineException("Expected a run before output " + name + " is read.");
        }
        try {
            return Outputs.numbers(
                    model.bytes(options.signature(), name),
                    model.output(options.signature(), name));
        } catch (RuntimeException error) {
            throw failure("Expected output " + name + " to be readable", error);
        }
    }

    /** How many numbers an input takes; for checks against metadata. */
    int inputSize(String name) {
        return inputs.get(name).size();
    }

    @Override
    public void close() {
        inputs.clear();
        rewound.clear();
        outputs.clear();
        hasRun = false;
        firstRunNanos = 0;
        loadNanos = 0;
        if (model != null) {
            NativeModel closed = model;
            model = null;
            closed.close();
        }
    }

    private void loaded() throws EngineException {
        if (model == null) {
            throw new EngineException("Expected a loaded model, got none.");
        }
    }

    static EngineException failure(String expected, Throwable error) {
        String message = error.getMessage();
        String why = message == null ? error.getClass().getSimpleName() : message;
        // The runtime's messages have several lines.
        return new EngineException(
                expected + ", got: " + why.trim().replaceAll("\\s*[\\r\\n]+\\s*", "; "), error);
    }

    /** Opens the model of a call of {@link #load}. */
    private interface Opening {
        NativeModel open();
    }

    /** Gives engines with the models of a {@link ModelStore}, ready to run. */
    public static final class Source implements EngineSource {
        private final ModelStore models;
        private final NativeModel.Loader loader;

        public Source(ModelStore models) {
            this(models, TfliteRuntime.LOADER);
        }

        Source(ModelStore models, NativeModel.Loader loader) {
            this.models = models;
            this.loader = loader;
        }

        /**
         * Loads a model. Where it has an input τ or u, that is set to the file's own proposal.
         *
         * @throws EngineException there is no such model, it can't be loaded, or its tensors are
         *     not those that its metadata tells.
         */
        @Override
        public TfliteEngine open(String model, EngineOptions options) throws EngineException {
            return new ModelOpening(models, model).open(new TfliteEngine(loader), options);
        }
    }
}
