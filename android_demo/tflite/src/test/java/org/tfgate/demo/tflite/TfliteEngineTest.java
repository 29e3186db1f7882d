package org.tfgate.demo.tflite;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.File;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Map;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;

public final class TfliteEngineTest {
    private static final EngineOptions OPTIONS = new EngineOptions("serving_default", 2, true);

    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    private FakeModel model;
    private TfliteEngine engine;

    @Before
    public void load() throws Exception {
        // Not in the order of the signature, as in real files.
        model =
                new FakeModel()
                        .input("tau", ElementType.FLOAT32, 0, 0)
                        .input("images", ElementType.FLOAT32, 0, 0, 1, 2, 2, 1)
                        .output("decisions", ElementType.FLOAT32, 0, 0, 1, 3)
                        .output("predictions", ElementType.FLOAT32, 0, 0, 1, 2);
        engine = new TfliteEngine(model.loader());
        engine.load(ByteBuffer.allocateDirect(16), OPTIONS);
    }

    @Test
    public void inputsAndOutputsGoByName() throws Exception {
        assertEquals(new LinkedHashSet<String>(Arrays.asList("tau", "images")), engine.inputs());
        assertEquals(
                new LinkedHashSet<String>(Arrays.asList("predictions", "decisions")),
                engine.outputs());
        engine.setInput("images", new float[] {1, 2, 3, 4});
        engine.setInput("tau", new float[] {0.5f});
        assertEquals(1000, engine.run());
        assertArrayEquals(new float[] {10.5f, 0}, engine.output("predictions"), 0.0f);
        assertArrayEquals(new float[] {10.5f, 0, 0}, engine.output("decisions"), 0.0f);
        assertEquals("16 bytes, 2, true", model.loads.get(0));
    }

    @Test
    public void buffersStartAnewWithEachRunAndAreNeverMadeAnew() throws Exception {
        engine.setInput("images", new float[] {1, 1, 1, 1});
        engine.run();
        engine.run();
        engine.setInput("tau", new float[] {0.25f});
        engine.run();
        assertEquals(4.25f, engine.output("predictions")[0], 0.0f);
        engine.setInput("tau", new float[] {0.75f});
        engine.run();
        assertEquals(4.75f, engine.output("predictions")[0], 0.0f);
        Map<String, Buffer> first = model.runs.get(0);
        for (Map<String, Buffer> later : model.runs) {
            assertSame(first.get("tau"), later.get("tau"));
            assertSame(first.get("images"), later.get("images"));
        }
        assertEquals(1, first.get("tau").capacity());
    }

    @Test
    public void inputsAreZeroUntilTheyAreSet() throws Exception {
        engine.run();
        assertEquals(0.0f, engine.output("predictions")[0], 0.0f);
    }

    @Test
    public void outputsAreTheCallersOwn() throws Exception {
        engine.run();
        float[] before = engine.output("predictions");
        engine.setInput("tau", new float[] {1});
        engine.run();
        assertEquals(0.0f, before[0], 0.0f);
        assertNotSame(engine.output("predictions"), engine.output("predictions"));
    }

    @Test
    public void wholeNumbersGoByTheirScales() throws Exception {
        model =
                new FakeModel()
                        .input("images", ElementType.UINT8, 0.5f, 10, 1, 3)
                        .output("predictions", ElementType.INT8, 0.25f, -3, 1, 2);
        engine = new TfliteEngine(model.loader());
        engine.load(ByteBuffer.allocateDirect(16), OPTIONS);
        engine.setInput("images", new float[] {1.0f, -100.0f, 1000.0f});
        engine.run();
        ByteBuffer given = (ByteBuffer) model.runs.get(0).get("images");
        assertEquals(12, given.get(0));
        assertEquals(0, given.get(1));
        assertEquals(-1, given.get(2)); // 255.
        assertArrayEquals(
                new float[] {(12 - 1 + 3) * 0.25f, 0.75f}, engine.output("predictions"), 0.0f);
    }

    @Test
    public void wholeNumbersWithoutAScaleStandForThemselves() throws Exception {
        model =
                new FakeModel()
                        .input("images", ElementType.INT8, 0, 7, 1, 1)
                        .output("predictions", ElementType.UINT8, 0, 7, 1, 1);
        engine = new TfliteEngine(model.loader());
        engine.load(ByteBuffer.allocateDirect(16), OPTIONS);
        engine.setInput("images", new float[] {100.4f});
        engine.run();
        assertArrayEquals(new float[] {100}, engine.output("predictions"), 0.0f);
    }

    @Test
    public void theFirstRunIsRemembered() throws Exception {
        assertEquals(0, engine.firstRunNanos());
        engine.run();
        engine.run();
        assertEquals(1000, engine.firstRunNanos());
        assertTrue(engine.loadNanos() > 0);
        engine.load(ByteBuffer.allocateDirect(8), OPTIONS);
        assertEquals(0, engine.firstRunNanos());
        assertEquals(1, model.closed);
    }

    @Test
    public void whatIsAskedForWronglyIsSaid() throws Exception {
        assertRefused(
                "Expected input images of 4 numbers (FLOAT32 [1, 2, 2, 1]), got 3.",
                setting("images", new float[3]));
        assertRefused(
                "Expected one of the inputs [tau, images], got u.", setting("u", new float[1]));
        assertRefused("Expected a run before output predictions is read.", new Call() {
            @Override
            public void call() throws EngineException {
                engine.output("predictions");
            }
        });
        engine.run();
        assertRefused(
                "Expected one of the outputs [decisions, predictions], got labels.", new Call() {
                    @Override
                    public void call() throws EngineException {
                        engine.output("labels");
                    }
                });
    }

    @Test
    public void aSignatureHasToBeThere() {
        assertRefused(
                "Expected signature gated, got a model with [serving_default].",
                loading(new EngineOptions("gated", 1, true)));
        assertEquals(2, model.closed);
    }

    @Test
    public void whatTheRuntimeThrowsIsOneLine() {
        model.breaks = new IllegalArgumentException("Internal error:\n  node 3\n failed. ");
        String why = "got: Internal error:; node 3; failed.";
        assertRefused("Expected the model to run, " + why, running());
        assertRefused(
                "Expected a model of 8 bytes to be a model that this runtime loads, " + why,
                loading(OPTIONS));
        model.breaks = null;
        model.fails = new OutOfMemoryError();
        assertRefused("Expected memory for a model of 8 bytes, got: OutOfMemoryError",
                loading(OPTIONS));
        model.fails = new UnsatisfiedLinkError("no such library");
        assertRefused("Expected TensorFlow Lite's native library, got: no such library",
                loading(OPTIONS));
        assertTrue(engine.inputs().isEmpty());
    }

    @Test
    public void tensorsOfOtherTypesAreRefusedAndTheModelIsClosed() {
        model.unknownType = "images";
        assertRefused("Expected images of float32, int8 or uint8, got BOOL.", loading(OPTIONS));
        assertEquals(2, model.closed);
    }

    @Test
    public void aFileHasToBeThere() throws Exception {
        final File missing = new File(folder.getRoot(), "missing.tflite");
        assertRefused("Expected a model file, got " + missing + ".", new Call() {
            @Override
            public void call() throws EngineException {
                engine.load(missing, OPTIONS);
            }
        });
        engine.load(folder.newFile("there.tflite"), OPTIONS);
        assertEquals("there.tflite, 2, true", model.loads.get(1));
    }

    @Test
    public void closedTwiceItHoldsNothing() {
        engine.close();
        engine.close();
        assertEquals(1, model.closed);
        assertRefused("Expected a loaded model, got none.", running());
    }

    /** Android's native libraries are not for this processor: that is said, not thrown. */
    @Test
    public void withoutTheNativeLibraryItSaysSo() {
        assertRefused("Expected TensorFlow Lite's native library, got: ", new Call() {
            @Override
            public void call() throws EngineException {
                TfliteEngine.runtimeVersion();
            }
        });
        assertRefused("Expected TensorFlow Lite's native library, got: ", new Call() {
            @Override
            public void call() throws EngineException {
                new TfliteEngine().load(ByteBuffer.allocateDirect(8), OPTIONS);
            }
        });
    }

    private interface Call {
        void call() throws EngineException;
    }

    private Call setting(final String name, final float[] values) {
        return new Call() {
            @Override
            public void call() throws EngineException {
                engine.setInput(name, values);
            }
        };
    }

    private Call loading(final EngineOptions options) {
        return new Call() {
            @Override
            public void call() throws EngineException {
                engine.load(ByteBuffer.allocateDirect(8), options);
            }
        };
    }

    private Call running() {
        return new Call() {
            @Override
            public void call() throws EngineException {
                engine.run();
            }
        };
    }

    private static void assertRefused(String message, Call call) {
        try {
            call.call();
            fail("not refused: " + message);
        } catch (EngineException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith(message));
        }
    }
}
