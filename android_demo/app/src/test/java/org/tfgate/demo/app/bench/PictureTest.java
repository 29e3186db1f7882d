package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.Arrays;
import org.junit.Test;

public final class PictureTest {
    @Test
    public void coloursOfAPixelAreApartAndOpacityIsOfNoMatter() {
        Picture picture = Picture.of(2, 1, new int[] {0x00010203, 0xfffefd80});
        assertEquals(1, picture.value(0, 0, 0));
        assertEquals(2, picture.value(0, 0, 1));
        assertEquals(3, picture.value(0, 0, 2));
        assertEquals(254, picture.value(1, 0, 0));
        assertEquals(253, picture.value(1, 0, 1));
        assertEquals(128, picture.value(1, 0, 2));
        assertEquals(6, picture.bytes());
    }

    @Test
    public void smallerPixelsAreMeansOfTheirAreas() {
        Picture small = gray(4, 4, 0, 10, 20, 30, 2, 12, 22, 32, 4, 14, 24, 34, 6, 16, 26, 36)
                .scaled(2, 2);
        assertRow(small, 0, 6, 26);
        assertRow(small, 1, 10, 30);
        // A pixel and a half each: the one in the middle is shared.
        assertRow(gray(3, 3, 0, 90, 180, 0, 90, 180, 0, 90, 180).scaled(2, 2), 1, 30, 150);
    }

    @Test
    public void largerOnesLieBetweenNeighbours() {
        Picture large = gray(2, 2, 0, 100, 0, 100).scaled(4, 4);
        assertEquals(4, large.width());
        assertEquals(4, large.height());
        for (int y = 0; y < 4; y++) {
            assertRow(large, y, 0, 25, 75, 100);
        }
    }

    @Test
    public void anotherProportionIsCutAtBothSides() {
        assertRow(gray(4, 2, 1, 2, 3, 4, 1, 2, 3, 4).scaled(2, 2), 0, 2, 3);
        Picture tall = gray(1, 4, 1, 2, 3, 4).scaled(1, 2);
        assertEquals(2, tall.value(0, 0, 0));
        assertEquals(3, tall.value(0, 1, 0));
    }

    @Test
    public void oneColourStaysItWhateverTheSize() {
        int[] pixels = new int[7 * 5];
        Arrays.fill(pixels, 0xff336699);
        for (int width = 1; width < 17; width++) {
            Picture scaled = Picture.of(7, 5, pixels).scaled(width, 18 - width);
            for (int y = 0; y < scaled.height(); y++) {
                for (int x = 0; x < width; x++) {
                    assertEquals(0x33, scaled.value(x, y, 0));
                    assertEquals(0x66, scaled.value(x, y, 1));
                    assertEquals(0x99, scaled.value(x, y, 2));
                }
            }
        }
    }

    /** What each orientation makes of 1 2 3 over 4 5 6, row by row. */
    @Test
    public void picturesAreTurnedAsTheCameraNoted() {
        int[][] upright = {
            {1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1}, {4, 5, 6, 1, 2, 3},
            {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3}, {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}
        };
        Picture picture = gray(3, 2, 1, 2, 3, 4, 5, 6);
        for (int orientation = 1; orientation <= 8; orientation++) {
            Picture turned = picture.upright(orientation);
            assertEquals(orientation < 5 ? 3 : 2, turned.width());
            for (int i = 0; i < 6; i++) {
                assertEquals(
                        "orientation " + orientation + ", pixel " + i,
                        upright[orientation - 1][i],
                        turned.value(i % turned.width(), i / turned.width(), 1));
            }
        }
        try {
            picture.upright(0);
            fail("not refused");
        } catch (IllegalArgumentException error) {
            assertTrue(error.getMessage().startsWith("Expected orientation "));
        }
    }

    @Test
    public void theSameSizeIsTheSamePicture() {
        Picture picture = gray(2, 1, 1, 2);
        assertSame(picture, picture.scaled(2, 1));
    }

    @Test
    public void pixelsFillThePicture() {
        try {
            Picture.of(2, 2, new int[3]);
            fail("not refused");
        } catch (IllegalArgumentException error) {
            assertTrue(error.getMessage().startsWith("Expected pixels to be 4 numbers, got 3"));
        }
    }

    @Test
    public void decodingLeavesOutPixelsOnlyWhereThereAreMillions() {
        assertEquals(1, SampleSize.of(8, 8, 224, 224));
        assertEquals(1, SampleSize.of(2000, 2000, 32, 32));
        assertEquals(2, SampleSize.of(2001, 2000, 32, 32));
        assertEquals(2, SampleSize.of(4000, 3000, 224, 224));
        assertEquals(8, SampleSize.of(12000, 9000, 224, 224));
        assertEquals(32, SampleSize.of(60000, 60000, 224, 224));
    }

    @Test
    public void decodingLeavesThePixelsThatAModelTakes() {
        assertEquals(1, SampleSize.of(40000, 300, 224, 224));
        assertEquals(1, SampleSize.of(300, 40000, 224, 224));
        assertEquals(2, SampleSize.of(12000, 9000, 4500, 4500));
    }

    static Picture gray(int width, int height, int... values) {
        int[] pixels = new int[values.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = 0xff000000 | values[i] * 0x010101;
        }
        return Picture.of(width, height, pixels);
    }

    private static void assertRow(Picture picture, int y, int... expected) {
        assertEquals(expected.length, picture.width());
        for (int x = 0; x < expected.length; x++) {
            for (int channel = 0; channel < 3; channel++) {
                assertEquals("pixel " + x, expected[x], picture.value(x, y, channel));
            }
        }
    }
}
