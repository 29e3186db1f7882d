package org.tfgate.demo.tflite;

import java.io.File;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.tensorflow.lite.DataType;
import org.tensorflow.lite.Interpreter;
import org.tensorflow.lite.Tensor;
import org.tfgate.demo.core.engine.EngineException;

/** A model in TensorFlow Lite. */
final class TfliteRuntime implements NativeModel {
    static final Loader LOADER =
            new Loader() {
                @Override
                public NativeModel load(File model, int threads, boolean xnnpack) {
                    return new TfliteRuntime(
                            new Interpreter(model, options(threads, xnnpack)));
                }

                @Override
                public NativeModel load(ByteBuffer model, int threads, boolean xnnpack) {
                    return new TfliteRuntime(
                            new Interpreter(model, options(threads, xnnpack)));
                }
            };

    private final Interpreter interpreter;

    private TfliteRuntime(Interpreter interpreter) {
        this.interpreter = interpreter;
        boolean allocated = false;
        try {
            // The first run would do it; it belongs to loading.
            interpreter.allocateTensors();
            allocated = true;
        } finally {
            if (!allocated) {
                interpreter.close();
            }
        }
    }

    private static Interpreter.Options options(int threads, boolean xnnpack) {
        Interpreter.Options options = new Interpreter.Options();
        options.setNumThreads(threads);
        options.setUseXNNPACK(xnnpack);
        return options;
    }

    @Override
    public String[] signatures() {
        return interpreter.getSignatureKeys();
    }

    @Override
    public String[] inputs(String signature) {
        return interpreter.getSignatureInputs(signature);
    }

    @Override
    public String[] outputs(String signature) {
        return interpreter.getSignatureOutputs(signature);
    }

    @Override
    public TensorFacts input(String signature, String name) throws EngineException {
        return facts(name, interpreter.getInputTensorFromSignature(name, signature));
    }

    @Override
    public TensorFacts output(String signature, String name) throws EngineException {
        return facts(name, interpreter.getOutputTensorFromSignature(name, signature));
    }

    @Override
    public void run(String signature, Map<String, Buffer> inputs) {
        // Outputs are read where they lie, afterwards and only those that are asked for.
        interpreter.runSignature(
                new HashMap<String, Object>(inputs),
                Collections.<String, Object>emptyMap(),
                signature);
    }

    @Override
    public long lastNanos() {
        return interpreter.getLastNativeInferenceDurationNanoseconds();
    }

    @Override
    public ByteBuffer bytes(String signature, String output) {
        return interpreter.getOutputTensorFromSignature(output, signature).asReadOnlyBuffer();
    }

    @Override
    public void close() {
        interpreter.close();
    }

    private static TensorFacts facts(String name, Tensor tensor) throws EngineException {
        Tensor.QuantizationParams quantization = tensor.quantizationParams();
        return new TensorFacts(
                type(name, tensor.dataType()),
                tensor.shape(),
                quantization.getScale(),
                quantization.getZeroPoint());
    }

    private static ElementType type(String name, DataType type) throws EngineException {
        switch (type) {
            case FLOAT32:
                return ElementType.FLOAT32;
            case INT8:
                return ElementType.INT8;
            case UINT8:
                return ElementType.UINT8;
            default:
                throw new EngineException(
                        "Expected " + name + " of float32, int8 or uint8, got " + type + ".");
        }
    }
}
