package org.tfgate.demo.core.json;

/** Surrogates stand in pairs for one character; half a pair has no UTF-8. */
final class Surrogates {
    private Surrogates() {}

    /** Whether every high surrogate is followed by a low one, and none stands alone. */
    static boolean arePaired(CharSequence text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isHighSurrogate(text.charAt(i))) {
                i++;
                if (i == text.length() || !Character.isLowSurrogate(text.charAt(i))) {
                    return false;
                }
            } else if (Character.isLowSurrogate(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }
}
