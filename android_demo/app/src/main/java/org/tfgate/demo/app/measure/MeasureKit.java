package org.tfgate.demo.app.measure;

import org.tfgate.demo.app.bench.BenchPlatform;
import org.tfgate.demo.app.bench.HeadlessRun;
import org.tfgate.demo.app.bench.ResultFolder;
import org.tfgate.demo.app.screen.ModelList;
import org.tfgate.demo.app.screen.Occupation;
import org.tfgate.demo.app.screen.Tasks;
import org.tfgate.demo.app.screen.Texts;

/** What presenters of measurements work with; immutable. */
public final class MeasureKit {
    final Texts texts;
    final Tasks tasks;
    final Occupation occupation;
    final ModelList models;
    final HeadlessRun.Runs runs;
    final ResultFolder results;
    final BenchPlatform platform;

    /**
     * @param runs makes runs, whose news wait until they are drawn.
     * @param results where results are written.
     * @param platform tells the date.
     */
    public MeasureKit(
            Texts texts, Tasks tasks, Occupation occupation, ModelList models,
            HeadlessRun.Runs runs, ResultFolder results, BenchPlatform platform) {
        this.texts = texts;
        this.tasks = tasks;
        this.occupation = occupation;
        this.models = models;
        this.runs = runs;
        this.results = results;
        this.platform = platform;
    }

    /** Texts in the person's language. */
    public Texts texts() {
        return texts;
    }

    /** Where work is done. */
    public Tasks tasks() {
        return tasks;
    }

    /** Whether something is measured. */
    public Occupation occupation() {
        return occupation;
    }

    /** The models. */
    public ModelList models() {
        return models;
    }

    /** Where results are written. */
    public ResultFolder results() {
        return results;
    }

    /** A name for a result that is measured now. */
    public String newName(String kind) {
        return ResultNames.of(kind, platform.dateMillis());
    }
}
