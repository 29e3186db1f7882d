package org.tfgate.demo.app.models;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.app.CoreFiles;
import org.tfgate.demo.app.models.ModelProblem.Reason;
import org.tfgate.demo.core.engine.EngineException;

public final class ModelCatalogueTest {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    private final Map<String, byte[]> assets = new TreeMap<String, byte[]>();
    private long available = 1 << 30;
    private boolean broken;
    private ModelCatalogue catalogue;

    @Before
    public void start() throws Exception {
        assets.put("gated.tflite", CoreFiles.model("filters.tflite"));
        assets.put("dense.tflite", CoreFiles.model("dense.tflite"));
        assets.put("README", new byte[1]);
        BundledModels bundled =
                new BundledModels() {
                    @Override
                    public List<String> names() throws IOException {
                        if (broken) {
                            throw new IOException("no assets");
                        }
                        return new ArrayList<String>(assets.keySet());
                    }

                    @Override
                    public ByteBuffer map(String fileName) throws IOException {
                        byte[] content = assets.get(fileName);
                        if (content.length == 0) {
                            throw new IOException("it is packed");
                        }
                        ByteBuffer mapped = ByteBuffer.allocateDirect(content.length);
                        mapped.put(content);
                        mapped.clear();
                        return mapped.order(ByteOrder.nativeOrder());
                    }
                };
        MemoryGauge memory =
                new MemoryGauge() {
                    @Override
                    public long availableBytes() {
                        return available;
                    }
                };
        catalogue = new ModelCatalogue(bundled, folder.getRoot(), memory);
    }

    @Test
    public void bundledModelsComeFirst() throws Exception {
        push("a.tflite", CoreFiles.model("version_1.tflite"));
        push("notes.txt", new byte[1]);
        push("b.tflite.part", CoreFiles.model("dense.tflite"));
        assertEquals(
                Arrays.asList("asset:dense.tflite", "asset:gated.tflite", "a.tflite"), names());
        ModelEntry pushed = catalogue.find("a.tflite");
        assertTrue(pushed.isUsable());
        assertFalse(pushed.isBundled());
        assertEquals(CoreFiles.model("version_1.tflite").length, pushed.bytes());
        assertEquals("small", pushed.metadata().model());
        ModelEntry bundled = catalogue.find("asset:gated.tflite");
        assertTrue(bundled.isBundled());
        assertEquals("gated.tflite", bundled.fileName());
        assertNull(catalogue.find("gated.tflite"));
        assertNull(catalogue.find("asset:a.tflite"));
        assertNull(catalogue.find("../a.tflite"));
    }

    @Test
    public void whatCanNotBeUsedSaysWhy() throws Exception {
        byte[] gated = CoreFiles.model("filters.tflite");
        push("damaged.tflite", damaged(gated));
        push("empty.tflite", new byte[0]);
        push("foreign.tflite", CoreFiles.model("untold.tflite"));
        push("text.tflite", "not a model at all".getBytes(StandardCharsets.US_ASCII));
        push("truncated.tflite", Arrays.copyOf(gated, gated.length - 30));
        assertProblem(Reason.DAMAGED, "damaged.tflite");
        assertProblem(Reason.NOT_TFLITE, "empty.tflite");
        assertProblem(Reason.NOT_TFLITE, "text.tflite");
        assertProblem(Reason.NO_METADATA, "truncated.tflite");
        assets.put("packed.tflite", new byte[0]);
        assertProblem(Reason.UNREADABLE, "asset:packed.tflite");
        assets.put("broken.tflite", damaged(gated));
        assertProblem(Reason.DAMAGED, "asset:broken.tflite");
    }

    @Test
    public void aNewerSchemaSaysSo() throws Exception {
        push(
                "newer.tflite",
                CoreFiles.withDocument(
                        "dense.tflite", "\"schema_version\":2", "\"schema_version\":99"));
        assertProblem(Reason.NEWER_SCHEMA, "newer.tflite");
    }

    @Test
    public void whatDoesNotFitIsKnownAllTheSame() throws Exception {
        available = 2 * CoreFiles.model("filters.tflite").length - 1;
        ModelEntry entry = catalogue.find("asset:gated.tflite");
        assertEquals(Reason.TOO_LARGE, entry.problem().reason());
        assertNotNull(entry.metadata());
        assertRefused("Expected 0.0 MiB of memory for asset:gated.tflite, ", "asset:gated.tflite");
        available++;
        assertTrue(catalogue.find("asset:gated.tflite").isUsable());
    }

    @Test
    public void aFileThatNoBufferHoldsIsTooLarge() throws Exception {
        File file = new File(folder.getRoot(), "large.tflite");
        try (RandomAccessFile sparse = new RandomAccessFile(file, "rw")) {
            sparse.setLength(1L << 31);
        }
        assertProblem(Reason.TOO_LARGE, "large.tflite");
    }

    @Test
    public void filesAreReadAgainOnlyWhenTheyChange() throws Exception {
        File file = push("a.tflite", CoreFiles.model("dense.tflite"));
        ModelEntry first = catalogue.find("a.tflite");
        assertSame(first.metadata(), catalogue.find("a.tflite").metadata());
        push("a.tflite", CoreFiles.model("filters.tflite"));
        assertTrue(file.setLastModified(file.lastModified() + 5000));
        assertEquals("conditional", catalogue.find("a.tflite").metadata().lowering());
        assertTrue(file.delete());
        assertNull(catalogue.find("a.tflite"));
    }

    @Test
    public void givesTheBytesOfUsableModels() throws Exception {
        push("a.tflite", CoreFiles.model("dense.tflite"));
        for (String name : Arrays.asList("a.tflite", "asset:dense.tflite")) {
            ByteBuffer bytes = catalogue.bytes(name);
            assertTrue(bytes.isDirect());
            assertEquals(ByteOrder.nativeOrder(), bytes.order());
            byte[] content = new byte[bytes.remaining()];
            bytes.get(content);
            assertTrue(Arrays.equals(CoreFiles.model("dense.tflite"), content));
            assertEquals("dense", catalogue.metadata(name).lowering());
        }
        assertRefused("Expected a model that is bundled or in ", "missing.tflite");
        push("text.tflite", new byte[100]);
        assertRefused("Expected text.tflite to be a .tflite file, got another.", "text.tflite");
        broken = true;
        assertRefused("Expected the app's models to be readable, got: no assets", "asset:x");
    }

    @Test
    public void storageThatIsNotThereHasNoModels() throws Exception {
        ModelCatalogue without = new ModelCatalogue(new BundledModels() {
            @Override
            public List<String> names() {
                return new ArrayList<String>();
            }

            @Override
            public ByteBuffer map(String fileName) throws IOException {
                throw new IOException(fileName);
            }
        }, null, new MemoryGauge() {
            @Override
            public long availableBytes() {
                return 0;
            }
        });
        assertTrue(without.list().isEmpty());
        assertNull(without.find("a.tflite"));
    }

    private File push(String name, byte[] content) throws IOException {
        File file = new File(folder.getRoot(), name);
        Files.write(file.toPath(), content);
        return file;
    }

    private static byte[] damaged(byte[] content) {
        byte[] changed = content.clone();
        changed[20] ^= 1;
        return changed;
    }

    private List<String> names() throws IOException {
        List<String> names = new ArrayList<String>();
        for (ModelEntry entry : catalogue.list()) {
            names.add(entry.name());
        }
        return names;
    }

    private void assertProblem(Reason reason, String name) throws IOException {
        ModelEntry entry = catalogue.find(name);
        assertFalse(entry.isUsable());
        assertEquals(entry.problem().toString(), reason, entry.problem().reason());
        assertTrue(entry.problem().message().startsWith("Expected "));
        assertNull(entry.metadata());
        assertTrue(names().contains(name));
    }

    private void assertRefused(String message, String name) {
        try {
            catalogue.bytes(name);
            fail("not refused: " + name);
        } catch (EngineException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith(message));
        }
    }
}
