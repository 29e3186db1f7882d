package org.tfgate.demo.app;

import android.content.Context;
import org.tfgate.demo.app.bench.Bench;
import org.tfgate.demo.app.results.ResultsPresenter;
import org.tfgate.demo.app.screen.AndroidTasks;
import org.tfgate.demo.app.screen.AndroidTexts;
import org.tfgate.demo.app.screen.ModelList;
import org.tfgate.demo.app.screen.Occupation;
import org.tfgate.demo.app.screen.Tasks;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.app.tryout.TryPresenter;
import org.tfgate.demo.tflite.TfliteEngine;

/** What outlives activities: the presenters, and what they share. */
public final class AppParts {
    private final TryPresenter tryout;
    private final ResultsPresenter results;

    /** Puts all together, on the thread that draws. */
    public AppParts(Context context) {
        Texts texts = new AndroidTexts(context);
        Tasks tasks = new AndroidTasks();
        Occupation occupation = new Occupation();
        Bench bench = new Bench(context);
        ModelList models = new ModelList(bench.catalogue(), tasks);
        tryout =
                new TryPresenter(
                        texts, tasks, occupation, models,
                        new TfliteEngine.Source(bench.catalogue()), bench.pictures());
        results = new ResultsPresenter(texts, tasks, occupation, bench.results());
    }

    /** Of the screen "Try". */
    public TryPresenter tryout() {
        return tryout;
    }

    /** Of the screen "Results". */
    public ResultsPresenter results() {
        return results;
    }
}
