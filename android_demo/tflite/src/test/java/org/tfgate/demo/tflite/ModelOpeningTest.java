package org.tfgate.demo.tflite;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.Test;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.metadata.MetadataException;
import org.tfgate.demo.core.metadata.MetadataReader;
import org.tfgate.demo.core.metadata.ModelMetadata;

/** Models whose metadata are those of core's test files. */
public final class ModelOpeningTest {
    private static final File FILES =
            new File(System.getProperty("tfgate.core.resources"), "metadata");

    private final ModelStore store =
            new ModelStore() {
                @Override
                public ModelMetadata metadata(String model) throws EngineException {
                    try {
                        return MetadataReader.read(new File(FILES, model));
                    } catch (MetadataException error) {
                        throw new EngineException(error.getMessage(), error);
                    }
                }

                @Override
                public ByteBuffer bytes(String model) {
                    return ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
                }
            };

    @Test
    public void theFilesProposalIsSet() throws Exception {
        FakeModel model = gated("serving_default").input("tau", ElementType.FLOAT32, 0, 0);
        open("version_1.tflite", model, "serving_default").run();
        assertEquals(0.5f, ((FloatBuffer) model.runs.get(0).get("tau")).get(0), 0.0f);
        FakeModel throttled = gated("serving_default").input("u", ElementType.FLOAT32, 0, 0);
        open("throttled.tflite", throttled, "serving_default").run();
        assertEquals(1.0f, ((FloatBuffer) throttled.runs.get(0).get("u")).get(0), 0.0f);
    }

    @Test
    public void aDenseSignatureHasNoDialAndNoDecisions() throws Exception {
        FakeModel dense = dense("dense");
        open("filters.tflite", dense, "dense").run();
        assertEquals(1, dense.runs.size());
    }

    @Test
    public void tensorsAreThoseOfTheMetadata() {
        FakeModel untold = gated("serving_default");
        assertRefused(
                "Expected version_1.tflite to have an input tau, as its metadata tells.",
                "version_1.tflite", untold);
        assertEquals(1, untold.closed);
        assertRefused(
                "Expected masked.tflite to have no input tau, as its metadata tells.",
                "masked.tflite", gated("serving_default").input("tau", ElementType.FLOAT32, 0, 0));
        assertRefused(
                "Expected masked.tflite to have an output decisions, as its metadata tells.",
                "masked.tflite", dense("serving_default"));
        FakeModel other = new FakeModel().input("images", ElementType.FLOAT32, 0, 0, 1, 8, 8, 1);
        assertRefused(
                "Expected dense.tflite to have an input images of 2304 numbers, as its metadata "
                        + "tells.",
                "dense.tflite", other);
    }

    @Test
    public void aModelThatIsNotThereOrDoesNotLoadIsNamed() {
        assertRefused("Expected a file that can be read, got ", "missing.tflite", dense("x"));
        FakeModel broken = dense("serving_default");
        broken.breaks = new IllegalStateException("an operation of a newer version");
        assertRefused(
                "dense.tflite: Expected a model of 4 bytes to be a model that this runtime loads, "
                        + "got: an operation of a newer version",
                "dense.tflite", broken);
    }

    private static FakeModel dense(String signature) {
        FakeModel model = new FakeModel();
        model.signatures.clear();
        model.signatures.add(signature);
        return model.input("images", ElementType.FLOAT32, 0, 0, 1, 32, 24, 3)
                .output("predictions", ElementType.FLOAT32, 0, 0, 1, 10);
    }

    private static FakeModel gated(String signature) {
        return dense(signature).output("decisions", ElementType.FLOAT32, 0, 0, 1, 3);
    }

    private TfliteEngine open(String file, FakeModel model, String signature)
            throws EngineException {
        return new TfliteEngine.Source(store, model.loader())
                .open(file, new EngineOptions(signature, 1, true));
    }

    private void assertRefused(String message, String file, FakeModel model) {
        try {
            open(file, model, "serving_default");
            fail("not refused: " + message);
        } catch (EngineException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith(message));
        }
    }
}
