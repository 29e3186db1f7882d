package org.tfgate.demo.app.models;

import org.tfgate.demo.core.metadata.ModelMetadata;

/** A model of the catalogue: what it tells about itself, or why it can't be used; immutable. */
public final class ModelEntry {
    /** What the names of bundled models begin with. */
    public static final String BUNDLED = "asset:";

    private final String name;
    private final long bytes;
    private final ModelMetadata metadata;
    private final ModelProblem problem;

    private ModelEntry(String name, long bytes, ModelMetadata metadata, ModelProblem problem) {
        this.name = name;
        this.bytes = bytes;
        this.metadata = metadata;
        this.problem = problem;
    }

    static ModelEntry usable(String name, ModelMetadata metadata) {
        return new ModelEntry(name, metadata.fileBytes(), metadata, null);
    }

    static ModelEntry unusable(String name, long bytes, ModelProblem problem) {
        return new ModelEntry(name, bytes, null, problem);
    }

    /** The model does not fit at the moment. */
    ModelEntry without(ModelProblem memory) {
        return new ModelEntry(name, bytes, metadata, memory);
    }

    /** What commands and configurations call it: "NAME.tflite", or "asset:NAME.tflite". */
    public String name() {
        return name;
    }

    /** Name of the file, without its folder. */
    public String fileName() {
        return fileName(name);
    }

    /** Name of the file of a model of this name. */
    public static String fileName(String name) {
        return name.startsWith(BUNDLED) ? name.substring(BUNDLED.length()) : name;
    }

    /** Whether it is part of the app. */
    public boolean isBundled() {
        return name.startsWith(BUNDLED);
    }

    /** Size of the file in bytes; 0 if not known. */
    public long bytes() {
        return bytes;
    }

    /** Whether it can be run. */
    public boolean isUsable() {
        return problem == null;
    }

    /** What it tells about itself; null if that can't be read. */
    public ModelMetadata metadata() {
        return metadata;
    }

    /** Why it can't be used; null if it can. */
    public ModelProblem problem() {
        return problem;
    }
}
