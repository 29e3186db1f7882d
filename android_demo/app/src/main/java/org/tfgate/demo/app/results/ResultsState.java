package org.tfgate.demo.app.results;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What the screen shows; immutable. */
final class ResultsState {
    final List<ResultFile> results;
    final String message;
    final ResultFile toDelete;

    /**
     * @param results the newest first.
     * @param message what happened, or that there is nothing; null for nothing to say.
     * @param toDelete what the person is asked about; null for nothing.
     */
    ResultsState(List<ResultFile> results, String message, ResultFile toDelete) {
        this.results = Collections.unmodifiableList(new ArrayList<ResultFile>(results));
        this.message = message;
        this.toDelete = toDelete;
    }
}
