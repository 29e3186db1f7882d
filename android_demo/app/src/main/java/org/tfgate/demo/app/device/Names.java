package org.tfgate.demo.app.device;

/** Names that a system tells, or not. */
final class Names {
    private Names() {}

    /** The name; null if there is none, or the one that stands for "not known". */
    static String known(String name, String unknown) {
        return name == null || name.trim().isEmpty() || name.equals(unknown) ? null : name.trim();
    }

    /** Both names with a space between; one of them, or null, where the other is not known. */
    static String joined(String first, String second) {
        if (first == null || second == null) {
            return first == null ? second : first;
        }
        return first + " " + second;
    }
}
