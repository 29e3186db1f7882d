package org.tfgate.demo.app.screen;

import org.tfgate.demo.R;
import org.tfgate.demo.app.models.ModelEntry;
import org.tfgate.demo.app.models.ModelProblem;

/** What is wrong, in plain words. */
public final class Problems {
    private Problems() {}

    /** Why a model can't be used, and what a person can do; null if it can. */
    public static String of(ModelEntry model, Texts texts) {
        ModelProblem problem = model.problem();
        if (problem == null) {
            return null;
        }
        return texts.get(id(problem.reason()), model.fileName());
    }

    private static int id(ModelProblem.Reason reason) {
        switch (reason) {
            case NOT_TFLITE:
                return R.string.problem_not_tflite;
            case NO_METADATA:
                return R.string.problem_no_metadata;
            case NEWER_SCHEMA:
                return R.string.problem_newer_schema;
            case DAMAGED:
                return R.string.problem_damaged;
            case TOO_LARGE:
                return R.string.problem_too_large;
            default:
                return R.string.problem_unreadable;
        }
    }
}
