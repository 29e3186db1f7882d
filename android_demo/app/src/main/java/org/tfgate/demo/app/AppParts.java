package org.tfgate.demo.app;

import android.content.Context;
import org.tfgate.demo.app.adapt.AdaptPresenter;
import org.tfgate.demo.app.adapt.AdaptServices;
import org.tfgate.demo.app.bench.Bench;
import org.tfgate.demo.app.bench.CurrentPictures;
import org.tfgate.demo.app.compare.ComparePresenter;
import org.tfgate.demo.app.measure.MeasureKit;
import org.tfgate.demo.app.results.ResultsPresenter;
import org.tfgate.demo.app.screen.AndroidTasks;
import org.tfgate.demo.app.screen.AndroidTexts;
import org.tfgate.demo.app.screen.DrawnPlatform;
import org.tfgate.demo.app.screen.ModelList;
import org.tfgate.demo.app.screen.Occupation;
import org.tfgate.demo.app.screen.Tasks;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.app.sweep.SweepPresenter;
import org.tfgate.demo.app.tryout.TryPresenter;
import org.tfgate.demo.core.run.EngineSource;
import org.tfgate.demo.core.run.MonotonicClock;
import org.tfgate.demo.tflite.TfliteEngine;

/** What outlives activities: the presenters, and what they share. */
public final class AppParts {
    private final Occupation occupation = new Occupation();
    private final TryPresenter tryout;
    private final ComparePresenter compare;
    private final SweepPresenter sweep;
    private final AdaptPresenter adapt;
    private final ResultsPresenter results;

    /** Puts all together, on the thread that draws. */
    public AppParts(Context context) {
        Texts texts = new AndroidTexts(context);
        Tasks tasks = new AndroidTasks();
        DrawnPlatform platform = new DrawnPlatform(tasks);
        Bench bench = new Bench(context, platform);
        ModelList models = new ModelList(bench.catalogue(), tasks);
        EngineSource engines = new TfliteEngine.Source(bench.catalogue());
        MeasureKit kit =
                new MeasureKit(
                        texts, tasks, occupation, models, bench, bench.results(), platform);
        tryout =
                new TryPresenter(
                        texts, tasks, occupation, models, engines, new CurrentPictures(bench));
        compare = new ComparePresenter(kit);
        sweep = new SweepPresenter(kit);
        adapt =
                new AdaptPresenter(
                        kit,
                        new AdaptServices(
                                engines, new CurrentPictures(bench), Bench.pictureBytes(),
                                bench.device(), bench.device().tellsThermalStatus(),
                                new MonotonicClock()));
        results = new ResultsPresenter(texts, tasks, occupation, bench.results());
    }

    /** The app is left: what is being measured ends, and what was measured is kept. */
    public void leave() {
        compare.leave();
        sweep.leave();
        adapt.stop();
    }

    /** Whether something is measured. */
    public Occupation occupation() {
        return occupation;
    }

    /** Of the screen "Try". */
    public TryPresenter tryout() {
        return tryout;
    }

    /** Of the screen "Compare". */
    public ComparePresenter compare() {
        return compare;
    }

    /** Of the screen "Sweep". */
    public SweepPresenter sweep() {
        return sweep;
    }

    /** Of the screen "Adapt". */
    public AdaptPresenter adapt() {
        return adapt;
    }

    /** Of the screen "Results". */
    public ResultsPresenter results() {
        return results;
    }
}
