package org.tfgate.demo.app.results;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.bench.ResultFolder;
import org.tfgate.demo.app.screen.Occupation;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Tasks;
import org.tfgate.demo.app.screen.Texts;

/** What "Results" shows. */
public final class ResultsPresenter extends Presenter<ResultsState>
        implements Occupation.Listener {
    /** Where a copy goes. */
    interface Target {
        /**
         * Opens it for writing.
         *
         * @throws IOException it can't be written to.
         */
        OutputStream open() throws IOException;
    }

    private final Texts texts;
    private final Tasks tasks;
    private final Occupation occupation;
    private final ResultFolder folder;
    private final ResultReader reader;
    private List<ResultFile> results = Collections.emptyList();
    private boolean read;
    private ResultFile toDelete;
    private File toSave;
    private String happened;

    public ResultsPresenter(
            Texts texts, Tasks tasks, Occupation occupation, ResultFolder folder) {
        this.texts = texts;
        this.tasks = tasks;
        this.occupation = occupation;
        this.folder = folder;
        reader = new ResultReader(folder, texts);
        occupation.add(this);
    }

    @Override
    protected void onAttached() {
        read();
    }

    /** Asks whether a result is to be deleted. */
    void askToDelete(ResultFile result) {
        toDelete = result;
        refresh();
    }

    /** The person answered. */
    void answer(boolean delete) {
        final ResultFile result = toDelete;
        toDelete = null;
        refresh();
        if (!delete || result == null) {
            return;
        }
        tasks.background(new Runnable() {
            @Override
            public void run() {
                boolean gone = folder.delete(result.name);
                say(texts.get(
                        gone ? R.string.result_deleted : R.string.result_not_deleted,
                        result.name));
                readNow();
            }
        });
    }

    /** The file of a result that the person is asked a place for: the document, if there is one. */
    File toSave(ResultFile result) {
        toSave = result.json != null ? result.json : result.csv;
        return toSave;
    }

    /** Writes the file of the last {@link #toSave} to the place that the person named. */
    void save(final Target target) {
        final File file = toSave;
        toSave = null;
        if (file == null) {
            // The app was ended meanwhile: it does not know of which file this is.
            say(texts.get(R.string.result_forgotten));
            return;
        }
        tasks.background(new Runnable() {
            @Override
            public void run() {
                try {
                    ResultCopy.copy(file, target.open());
                    say(texts.get(R.string.result_saved, file.getName()));
                } catch (IOException error) {
                    say(texts.get(
                            R.string.result_not_saved, file.getName(), error.getMessage()));
                }
            }
        });
    }

    /** Something happened that the person should know. */
    void say(final String text) {
        tasks.screen(new Runnable() {
            @Override
            public void run() {
                happened = text;
                refresh();
            }
        });
    }

    @Override
    public void onOccupationChanged() {
        read();
        refresh();
    }

    @Override
    public ResultsState state() {
        String message = happened;
        if (!occupation.isFree()) {
            message = texts.get(R.string.busy_results);
        } else if (message == null && !read) {
            message = texts.get(R.string.results_reading);
        } else if (message == null && results.isEmpty()) {
            message = texts.get(R.string.results_none);
        }
        // To share one is to leave the app, which would end the measurement.
        List<ResultFile> offered =
                occupation.isFree() ? results : Collections.<ResultFile>emptyList();
        return new ResultsState(offered, message, toDelete);
    }

    /** Unless something is measured, which reading would disturb. */
    private void read() {
        if (!occupation.isFree()) {
            return;
        }
        happened = null;
        tasks.background(new Runnable() {
            @Override
            public void run() {
                readNow();
            }
        });
    }

    private void readNow() {
        final List<ResultFile> found = reader.read();
        tasks.screen(new Runnable() {
            @Override
            public void run() {
                results = found;
                read = true;
                refresh();
            }
        });
    }
}
