package org.tfgate.demo.core.result;

import java.nio.charset.StandardCharsets;

/**
 * Writes CSV (RFC 4180): commas, lines that end in CR LF, quotes around fields that need them. The
 * first row says how many fields all have.
 */
public final class CsvWriter {
    private final StringBuilder text = new StringBuilder();
    private final int columns;

    /**
     * @param header names of the columns, at least one.
     */
    public CsvWriter(String... header) {
        if (header.length == 0) {
            throw new IllegalArgumentException("Expected at least one column, got none.");
        }
        columns = header.length;
        row((Object[]) header);
    }

    /**
     * Writes a row.
     *
     * @param fields one for each column; null is an empty field. Numbers are written as Java does,
     *     with a point, whatever the language.
     * @throws IllegalArgumentException there are more or fewer fields than columns.
     */
    public CsvWriter row(Object... fields) {
        if (fields.length != columns) {
            throw new IllegalArgumentException(
                    "Expected " + columns + " fields, got " + fields.length + ".");
        }
        for (int i = 0; i < columns; i++) {
            text.append(i == 0 ? "" : ",");
            append(fields[i] == null ? "" : fields[i].toString());
        }
        text.append("\r\n");
        return this;
    }

    /** All rows. */
    public String toText() {
        return text.toString();
    }

    /** All rows, as bytes. */
    public byte[] toUtf8() {
        return toText().getBytes(StandardCharsets.UTF_8);
    }

    private void append(String field) {
        boolean quoted = false;
        for (int i = 0; i < field.length(); i++) {
            quoted |= "\",\r\n".indexOf(field.charAt(i)) >= 0;
        }
        // A lone empty field would be an empty line, which readers skip.
        if (quoted || (columns == 1 && field.isEmpty())) {
            text.append('"').append(field.replace("\"", "\"\"")).append('"');
        } else {
            text.append(field);
        }
    }
}
