package org.tfgate.demo.app.results;

import java.io.File;

/** A result in the list; immutable. */
final class ResultFile {
    final String name;
    final String title;
    final String summary;
    final File json;
    final File csv;

    /**
     * @param name of the result, without ending.
     * @param title name and time, for people.
     * @param summary what was measured, or why that can't be read.
     * @param json the document; null if there is none.
     * @param csv the table; null if there is none.
     */
    ResultFile(String name, String title, String summary, File json, File csv) {
        this.name = name;
        this.title = title;
        this.summary = summary;
        this.json = json;
        this.csv = csv;
    }
}
