package org.tfgate.demo.app.bench;

import java.io.IOException;
import java.util.List;

/** Files of pictures. */
public interface PictureFiles {
    /** What results call them, such as "bundled"; "given" for a user's own. */
    String dataset();

    /**
     * Names of the files, in the order in which pictures are taken.
     *
     * @throws IOException they can't be listed.
     */
    List<String> names() throws IOException;

    /**
     * Decodes a file.
     *
     * @param width one of millions of pixels may be smaller than it was by a whole factor, but not
     *     below these numbers of pixels.
     * @throws IOException the file can't be read, or is no picture that Android knows. The message
     *     is for people.
     */
    Picture decode(String name, int width, int height) throws IOException;
}
