package org.tfgate.demo.core.result;

import static org.junit.Assert.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.Random;
import org.junit.Test;

public final class DecisionBitsTest {
    @Test
    public void base64IsThatOfTheStandard() {
        // RFC 4648, 10.
        String[] texts = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
        String[] expected = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
        for (int i = 0; i < texts.length; i++) {
            byte[] bytes = texts[i].getBytes(StandardCharsets.US_ASCII);
            assertEquals(expected[i], DecisionBits.base64(bytes));
        }
        Random random = new Random(1);
        for (int length = 0; length < 100; length++) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            assertEquals(Base64.getEncoder().encodeToString(bytes), DecisionBits.base64(bytes));
        }
    }

    @Test
    public void everyImageHasWholeBytes() {
        // tflite.benchmark.document.pack(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 1],
        //                                          [0, 1, 1, 0, 0, 0, 0, 1, 0]]))["bits"]
        float[] first = {1, 0, 0, 0, 0, 0, 0, 0, 1};
        float[] second = {0, 1, 1, 0, 0, 0, 0, 1, 0};
        assertEquals("gIBhAA==", DecisionBits.pack(Arrays.asList(first, second)));
        assertEquals("", DecisionBits.pack(Collections.<float[]>emptyList()));
    }
}
