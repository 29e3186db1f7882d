package org.tfgate.demo.core.metadata;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.core.TestFiles;
import org.tfgate.demo.core.metadata.MetadataException.Reason;

public final class MetadataReaderTest {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    @Test
    public void readsAllOfADocument() throws Exception {
        ModelMetadata metadata = MetadataFiles.read("filters.tflite");
        assertEquals("small", metadata.model());
        assertEquals("conditional", metadata.lowering());
        assertEquals("none", metadata.quantization());
        assertEquals(0.5, metadata.tau(), 0.0);
        assertTrue(metadata.hasTauInput());
        assertFalse(metadata.hasUInput());
        assertNull(metadata.steps());
        assertEquals(Arrays.asList("gated", "dense"), metadata.signatures());
        assertFalse(metadata.isStatic());
        assertEquals(64, metadata.sourceSha256().length());
        assertEquals(MetadataFiles.bytes("filters.tflite").length, metadata.fileBytes());
        assertArrayEquals(new int[] {1, 10}, metadata.predictionsShape());
        Gate gate = metadata.gates().get(1);
        assertEquals("block2", gate.block());
        assertEquals("block2_gate", gate.name());
        assertEquals("gather", gate.lowering());
        assertEquals(50.0, gate.macs(), 0.0);
        assertEquals(500.0, gate.components().get(2).macs(), 0.0);
        assertEquals(Integer.valueOf(5), gate.components().get(2).index());
        assertEquals(6000.0, metadata.macs().dense(), 0.0);
        assertEquals(5925.0, metadata.macs().allOpen(), 0.0);
        assertEquals(3100.0, metadata.macs().allClosed(), 0.0);
        ModelInput input = metadata.input();
        assertEquals("images", input.name());
        assertEquals("float32", input.dtype());
        assertEquals(32 * 24 * 3, input.size());
        assertArrayEquals(new int[] {1, 32, 24, 3}, input.shape());
        assertArrayEquals(new double[] {0, 255}, input.valueRange(), 0.0);
        assertTrue(input.isNormalizedInGraph());
        assertArrayEquals(new double[] {125.3, 123.0, 113.9}, input.mean(), 0.0);
        assertArrayEquals(new double[] {63.0}, input.std(), 0.0);
    }

    @Test
    public void readsAMappedFileWhereverItsPositionIs() throws Exception {
        byte[] content = MetadataFiles.bytes("filters.tflite");
        ByteBuffer mapped = ByteBuffer.allocateDirect(content.length).put(content);
        assertEquals(
                MetadataFiles.read("filters.tflite").sha256(),
                MetadataReader.read(mapped, "filters.tflite").sha256());
        assertEquals(content.length, mapped.position());
        try {
            MetadataReader.read(ByteBuffer.allocateDirect(3), "short");
            fail("not refused");
        } catch (MetadataException error) {
            assertEquals(Reason.NOT_TFLITE, error.reason());
        }
    }

    @Test
    public void tellsTheOldestRuntime() throws Exception {
        assertNull(MetadataFiles.read("filters.tflite").runtime());
        String document = MetadataFiles.document("filters.tflite");
        String newer = document.replaceFirst("\\{", "{\"quantized\": {\"runtime\": \"2.16\"},");
        ModelMetadata metadata =
                MetadataReader.read(
                        MetadataFiles.withDocument("filters.tflite", newer), "newer");
        assertEquals("2.16", metadata.runtime());
    }

    @Test
    public void readsWhatOlderVersionsLack() throws Exception {
        ModelMetadata metadata = MetadataFiles.read("version_1.tflite");
        assertNull(metadata.u());
        assertEquals(Collections.singletonList("serving_default"), metadata.signatures());
        assertEquals(0, metadata.gates().get(0).behind().length);
    }

    @Test
    public void decidedComponentsHaveNoColumn() throws Exception {
        ModelMetadata metadata = MetadataFiles.read("decided.tflite");
        Component decided = metadata.components().get(0);
        assertFalse(decided.isUndecided());
        assertEquals(Integer.valueOf(1), decided.decided());
        assertNull(decided.index());
        assertArrayEquals(
                new float[] {1.0f, 0.0f}, metadata.allDecisions(new float[] {0.0f}), 0.0f);
    }

    @Test
    public void theDialHasSteps() throws Exception {
        ModelMetadata metadata = MetadataFiles.read("throttled.tflite");
        assertEquals(Dial.U, metadata.dial());
        assertEquals(1.0, metadata.u(), 0.0);
        assertEquals(3, metadata.steps().size());
        assertEquals((double) (1.0f / 3.0f), metadata.steps().get(1).from(), 0.0);
        assertEquals(150.0, metadata.steps().get(1).macs(), 0.0);
        for (double u : new double[] {-0.1, 1.1, Double.NaN}) {
            try {
                metadata.executedMacs(null, u);
                fail("not refused: " + u);
            } catch (IllegalArgumentException error) {
                assertEquals(0, error.getMessage().indexOf("Expected u "));
            }
        }
    }

    @Test
    public void withoutStepsTheDecisionsTell() throws Exception {
        String document =
                MetadataFiles.document("filters.tflite")
                        .replace("\"u\": null", "\"u\": {\"value\": 1, \"steps\": null}");
        ModelMetadata metadata =
                MetadataReader.read(
                        MetadataFiles.withDocument("filters.tflite", document), "x.tflite");
        assertEquals(Dial.U, metadata.dial());
        assertNull(metadata.steps());
        assertNull(metadata.executedMacs(null, 0.5));
        float[] decisions = {1, 0, 0, 0, 1, 1};
        assertEquals(
                MetadataFiles.read("filters.tflite").executedMacs(decisions, null),
                metadata.executedMacs(decisions, 0.5));
        try {
            metadata.executedMacs(decisions, 1.5);
            fail();
        } catch (IllegalArgumentException error) {
            assertEquals(0, error.getMessage().indexOf("Expected u "));
        }
    }

    @Test
    public void otherNumbersOfDecisionsAreRefused() throws Exception {
        ModelMetadata metadata = MetadataFiles.read("early_exit.tflite");
        for (int length : new int[] {0, 3, 5}) {
            try {
                metadata.executedMacs(new float[length], null);
                fail("not refused: " + length);
            } catch (IllegalArgumentException error) {
                assertEquals(
                        "Expected decisions to be 4 numbers, got " + length + ".",
                        error.getMessage());
            }
        }
    }

    @Test
    public void aFileAndItsBytesAreAlike() throws Exception {
        File file = folder.newFile("x.tflite");
        TestFiles.write(file, MetadataFiles.bytes("filters.tflite"));
        ModelMetadata metadata = MetadataReader.read(file);
        assertEquals(MetadataFiles.read("filters.tflite").sha256(), metadata.sha256());
        assertEquals(file.length(), metadata.fileBytes());
        assertTrue(file.delete());
    }

    @Test
    public void aMissingFileIsUnreadable() throws Exception {
        try {
            MetadataReader.read(new File(folder.getRoot(), "none.tflite"));
            fail();
        } catch (MetadataException error) {
            assertEquals(Reason.UNREADABLE, error.reason());
            assertTrue(error.getMessage(), error.getMessage().contains("none.tflite"));
        }
    }

    @Test
    public void anotherFileIsNoTflite() throws Exception {
        for (byte[] content : new byte[][] {{}, {1, 2, 3}, new byte[100]}) {
            assertRefused(
                    Reason.NOT_TFLITE, "Expected x.tflite to be a .tflite file, got another.",
                    content);
        }
    }

    @Test
    public void aFileOfAnotherConverterHasNoMetadata() throws Exception {
        byte[] content = MetadataFiles.bytes("dense.tflite");
        int end = MetadataFiles.flatbufferBytes("dense.tflite");
        String message =
                "Expected x.tflite to hold tfgate's metadata, got none: it was not written by "
                        + "tflite.convert, or it is truncated.";
        assertRefused(Reason.NO_METADATA, message, Arrays.copyOf(content, end));
        assertRefused(
                Reason.NO_METADATA, message,
                MetadataFiles.withArchive("dense.tflite", "labels.txt", new byte[] {'a'}));
    }

    @Test
    public void everyTruncationIsRefused() throws Exception {
        byte[] content = MetadataFiles.bytes("filters.tflite");
        for (int length = 0; length < content.length; length++) {
            try {
                MetadataReader.read(Arrays.copyOf(content, length), "x.tflite");
                fail("not refused: " + length);
            } catch (MetadataException error) {
                Reason expected = length < 8 ? Reason.NOT_TFLITE : Reason.NO_METADATA;
                assertEquals(expected, error.reason());
            }
        }
    }

    /** A changed byte is found, or lies where nothing is kept, such as the entry's date. */
    @Test
    public void noDamageGetsThrough() throws Exception {
        String expected = MetadataFiles.document("early_exit.tflite");
        byte[] content = MetadataFiles.bytes("early_exit.tflite");
        int flatbuffer = MetadataFiles.flatbufferBytes("early_exit.tflite");
        int found = 0;
        for (int i = 0; i < content.length; i++) {
            byte[] damaged = content.clone();
            damaged[i] ^= (byte) 0xff;
            try {
                MetadataReader.read(damaged, "x.tflite");
                assertTrue("byte " + i, i >= flatbuffer);
                byte[] document =
                        new ZipEntryReader(ByteSource.of(damaged)).read(MetadataReader.ENTRY);
                assertEquals("byte " + i, expected, new String(document, "UTF-8"));
            } catch (MetadataException error) {
                found++;
                assertEquals(0, error.getMessage().indexOf("Expected x.tflite "));
            }
        }
        assertTrue("only " + found + " of " + content.length, found > content.length * 0.9);
    }

    @Test
    public void aDamagedFlatbufferSaysSo() throws Exception {
        byte[] content = MetadataFiles.bytes("dense.tflite");
        content[20]++;
        assertRefused(
                Reason.DAMAGED,
                "Expected x.tflite as tflite.convert wrote it, got a damaged file: its checksum "
                        + "differs.",
                content);
    }

    @Test
    public void aNewerSchemaSaysSo() throws Exception {
        assertRefused(
                Reason.NEWER_SCHEMA,
                "Expected x.tflite with a document of schema version 3 or older, got version 4: "
                        + "use a newer app.",
                changed("\"schema_version\": 3", "\"schema_version\": 4"));
    }

    @Test
    public void wrongDocumentsAreDamage() throws Exception {
        MetadataReader.read(changed("", ""), "x.tflite");
        String start = "Expected x.tflite as tflite.convert wrote it, got a damaged file: ";
        String[][] changes = {
            {"\"tfgate.tflite\"", "\"other\"", "its schema is 'other'."},
            {"\"schema_version\": 3", "\"schema_version\": \"3\"", null},
            {"\"model\": \"small\"", "\"model\": null",
                "Expected tfgate.json.model to be a text, got null."},
            {"\"decided\": 1", "\"decided\": 2",
                "Expected tfgate.json.gates[1].components[0].decided to be a number >= 0.0 and "
                        + "<= 1.0, got 2.0."},
            {"\"index\": 2", "\"index\": 3",
                "Expected the index of an undecided component of block1_gate to be 2, got 3."},
            {"\"value_range\": [", "\"value_range\": [1,", null},
            {"\"shape\": [", "\"shape\": [1,", null},
            {"\"factors\": [", "\"factors\": [[],", null},
            {"\"factors\": [", "\"factors\": [[4],", null},
            {"\"factors\": [", "\"factors\": [[-1],", null},
            {"\"behind\": [", "\"behind\": [5,", null},
            {"\"behind\": [", "\"behind\": [-1,", null},
            {"\"bytes\": 64", "\"bytes\": 6400", "its checksum differs."},
            {"\"bytes\": 64", "\"bytes\": -1", "its checksum differs."},
            {"{", "{,", null},
        };
        for (String[] change : changes) {
            byte[] content = changed(change[0], change[1]);
            try {
                MetadataReader.read(content, "x.tflite");
                fail("not refused: " + change[1]);
            } catch (MetadataException error) {
                assertEquals(change[1], Reason.DAMAGED, error.reason());
                assertTrue(error.getMessage(), error.getMessage().startsWith(start));
                if (change[2] != null) {
                    assertEquals(start + change[2], error.getMessage());
                }
            }
        }
    }

    /** The early exit's file, with the first occurrence of a text in its document replaced. */
    private static byte[] changed(String from, String to) throws Exception {
        String document = MetadataFiles.document("early_exit.tflite");
        int place = document.indexOf(from);
        assertTrue(from, place >= 0);
        return MetadataFiles.withDocument(
                "early_exit.tflite",
                document.substring(0, place) + to + document.substring(place + from.length()));
    }

    private static void assertRefused(Reason reason, String message, byte[] content) {
        try {
            MetadataReader.read(content, "x.tflite");
            fail("not refused");
        } catch (MetadataException error) {
            assertEquals(message, error.getMessage());
            assertEquals(reason, error.reason());
        }
    }
}
