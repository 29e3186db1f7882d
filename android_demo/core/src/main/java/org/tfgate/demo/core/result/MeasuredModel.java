package org.tfgate.demo.core.result;

import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.metadata.ModelMetadata;

/** A model file that took part in a benchmark; immutable. */
public final class MeasuredModel {
    private final String name;
    private final String fileName;
    private final ModelMetadata metadata;

    /**
     * @param name what configurations call it.
     * @param fileName name of the file, without its folder.
     * @param metadata what the file tells about itself.
     */
    public MeasuredModel(String name, String fileName, ModelMetadata metadata) {
        this.name = Checks.notEmpty(name, "name");
        this.fileName = Checks.notEmpty(fileName, "fileName");
        this.metadata = metadata;
    }

    /** What configurations call it. */
    public String name() {
        return name;
    }

    /** Name of the file, without its folder. */
    public String fileName() {
        return fileName;
    }

    /** What the file tells about itself. */
    public ModelMetadata metadata() {
        return metadata;
    }
}
