package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import org.junit.Test;
import org.tfgate.demo.app.CoreFiles;
import org.tfgate.demo.core.metadata.MetadataReader;
import org.tfgate.demo.core.metadata.ModelInput;

public final class PixelValuesTest {
    private static final String SHAPE = "[1,32,24,3]";
    private static final String RANGE = "\"value_range\":[0,255]";
    private static final String IN_GRAPH = "\"in_graph\":true";

    @Test
    public void pixelsStayWhereTheFileNormalizesThem() throws Exception {
        float[] values = new PixelValues("m", input(SHAPE, "[1, 1, 2, 3]")).of(pixels());
        assertArrayEquals(new float[] {255, 51, 0, 0, 102, 255}, values, 0.0f);
    }

    @Test
    public void anotherRangeIsScaledTo() throws Exception {
        ModelInput input =
                input(SHAPE, "[1, 1, 2, 3]", RANGE, "\"value_range\": [-1, 1]");
        float[] values = new PixelValues("m", input).of(pixels());
        assertArrayEquals(new float[] {1, -0.6f, -1, -1, -0.2f, 1}, values, 1e-6f);
    }

    @Test
    public void meanAndDeviationAreTheCallersWhereTheFileDoesNot() throws Exception {
        ModelInput input =
                input(SHAPE, "[1, 1, 2, 3]", RANGE, "\"value_range\": [0, 255.0]", IN_GRAPH,
                        "\"in_graph\": false");
        float[] values = new PixelValues("m", input).of(pixels());
        assertEquals((255 - 125.3) / 63.0, values[0], 1e-5);
        assertEquals((102 - 123.0) / 63.0, values[4], 1e-5);
    }

    @Test
    public void oneChannelIsBrightness() throws Exception {
        ModelInput input = input(SHAPE, "[1, 1, 2, 1]");
        float[] values = new PixelValues("m", input).of(pixels());
        assertArrayEquals(
                new float[] {
                    Math.round(0.299 * 255 + 0.587 * 51), Math.round(0.587 * 102 + 0.114 * 255)
                },
                values, 0.0f);
        float[] gray = new PixelValues("m", input).of(PictureTest.gray(2, 1, 7, 255));
        assertArrayEquals(new float[] {7, 255}, gray, 0.0f);
    }

    @Test
    public void theArrayIsMadeOnce() throws Exception {
        PixelValues values = new PixelValues("m", input(SHAPE, "[1, 1, 2, 3]"));
        assertSame(values.of(pixels()), values.of(pixels()));
    }

    @Test
    public void whatIsNotKnownIsRefused() throws Exception {
        assertRefused("Expected m to tell the range of its pixels", RANGE, "\"value_range\": null");
        assertRefused("Expected m to take pictures of 1 or 3 channels, got 4.", SHAPE,
                "[1, 1, 2, 4]");
    }

    private static Picture pixels() {
        return Picture.of(2, 1, new int[] {0xffff3300, 0xff0066ff});
    }

    /** The input of a file with changes in its document: pairs of what was and what is. */
    private static ModelInput input(String... changes) throws Exception {
        return MetadataReader.read(CoreFiles.withDocument("dense.tflite", changes), "m").input();
    }

    private static void assertRefused(String message, String... changes) throws Exception {
        try {
            new PixelValues("m", input(changes));
            fail("not refused: " + message);
        } catch (BenchException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith(message));
        }
    }
}
