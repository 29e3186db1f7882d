package org.tfgate.demo.core.result;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.fail;

import java.nio.charset.StandardCharsets;
import org.junit.Test;

public final class CsvWriterTest {
    @Test
    public void quotesWhatNeedsQuotes() {
        String text =
                new CsvWriter("a", "b,c")
                        .row("x", "say \"yes\"")
                        .row("two\nlines", "two\r\nlines")
                        .row(" spaces ", "semi;colon")
                        .toText();
        assertEquals(
                "a,\"b,c\"\r\nx,\"say \"\"yes\"\"\"\r\n\"two\nlines\",\"two\r\nlines\"\r\n"
                        + " spaces ,semi;colon\r\n",
                text);
    }

    @Test
    public void valuesOfAllKinds() {
        assertEquals(
                "a,b,c,d\r\n1.5,-3,true,\r\n",
                new CsvWriter("a", "b", "c", "d").row(1.5, -3, true, null).toText());
        assertEquals("a\r\n\"\"\r\n", new CsvWriter("a").row((Object) null).toText());
        assertArrayEquals(
                "\u03c4\r\n".getBytes(StandardCharsets.UTF_8), new CsvWriter("\u03c4").toUtf8());
    }

    @Test
    public void rowsAreAsLongAsTheHeader() {
        for (Object[] fields : new Object[][] {{}, {1}, {1, 2, 3}}) {
            try {
                new CsvWriter("a", "b").row(fields);
                fail("not refused: " + fields.length);
            } catch (IllegalArgumentException error) {
                assertEquals("Expected 2 fields, got " + fields.length + ".", error.getMessage());
            }
        }
        try {
            new CsvWriter();
            fail("not refused");
        } catch (IllegalArgumentException error) {
            assertEquals("Expected at least one column, got none.", error.getMessage());
        }
    }
}
