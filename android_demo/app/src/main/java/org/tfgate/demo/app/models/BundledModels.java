package org.tfgate.demo.app.models;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** The model files that are part of the app. */
public interface BundledModels {
    /**
     * Names of the files, without their folder.
     *
     * @throws IOException they can't be listed.
     */
    List<String> names() throws IOException;

    /**
     * Maps a file.
     *
     * @return a direct buffer in the order of the processor.
     * @throws IOException there is no such file, or it can't be mapped.
     */
    ByteBuffer map(String fileName) throws IOException;
}
