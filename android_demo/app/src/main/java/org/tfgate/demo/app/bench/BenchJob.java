package org.tfgate.demo.app.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.core.result.MeasuredModel;
import org.tfgate.demo.core.run.ImageSource;
import org.tfgate.demo.core.run.RunPlan;

/** What is to be measured, and what its result is called; immutable. */
public final class BenchJob {
    private final RunPlan plan;
    private final List<MeasuredModel> models;
    private final ImageSource images;
    private final String dataset;
    private final String resultName;
    private final List<String> notes;

    /**
     * @param plan what is run; of as many images as there are.
     * @param models the models of the plan; the first is the baseline.
     * @param images the images.
     * @param dataset where the images come from.
     * @param resultName name of the result's files without ending, see {@link
     *     ResultFolder#isName}; null to write none.
     * @param notes what readers of the result must know, such as pictures that were left out.
     */
    public BenchJob(
            RunPlan plan, List<MeasuredModel> models, ImageSource images, String dataset,
            String resultName, List<String> notes) {
        this.plan = plan;
        this.models = Collections.unmodifiableList(new ArrayList<MeasuredModel>(models));
        this.images = images;
        this.dataset = dataset;
        this.resultName = resultName;
        this.notes = Collections.unmodifiableList(new ArrayList<String>(notes));
    }

    /** What is run. */
    public RunPlan plan() {
        return plan;
    }

    /** The models, the baseline first. */
    public List<MeasuredModel> models() {
        return models;
    }

    /** The images. */
    public ImageSource images() {
        return images;
    }

    /** Where the images come from. */
    public String dataset() {
        return dataset;
    }

    /** Name of the result's files without ending; null to write none. */
    public String resultName() {
        return resultName;
    }

    /** What readers of the result must know. */
    public List<String> notes() {
        return notes;
    }
}
