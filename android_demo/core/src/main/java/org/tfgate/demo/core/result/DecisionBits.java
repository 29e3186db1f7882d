package org.tfgate.demo.core.result;

import java.util.List;

/**
 * Decisions as base64: whole bytes for each image, the first component in the highest bit.
 *
 * <p>The encoder is our own: {@code java.util.Base64} came to Android with API level 26 only, and
 * {@code android.util.Base64} is none of plain Java.
 */
final class DecisionBits {
    private static final String ALPHABET =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    private DecisionBits() {}

    /**
     * @param rows decisions of each image, all of the same length.
     */
    static String pack(List<float[]> rows) {
        int rowBytes = rows.isEmpty() ? 0 : (rows.get(0).length + 7) / 8;
        byte[] bytes = new byte[rows.size() * rowBytes];
        for (int row = 0; row < rows.size(); row++) {
            float[] decisions = rows.get(row);
            for (int i = 0; i < decisions.length; i++) {
                if (decisions[i] != 0.0f) {
                    bytes[row * rowBytes + i / 8] |= (byte) (0x80 >> (i % 8));
                }
            }
        }
        return base64(bytes);
    }

    static String base64(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < bytes.length; i += 3) {
            int left = Math.min(3, bytes.length - i);
            int group = 0;
            for (int j = 0; j < 3; j++) {
                group = group << 8 | (j < left ? bytes[i + j] & 0xff : 0);
            }
            for (int j = 0; j < 4; j++) {
                boolean used = j <= left;
                text.append(used ? ALPHABET.charAt(group >> (18 - 6 * j) & 0x3f) : '=');
            }
        }
        return text.toString();
    }
}
