package org.tfgate.demo.app.bench;

import java.io.IOException;
import java.util.List;

/**
 * Pictures from where they are now, for those who outlive a change: whenever the names are asked
 * for, they are looked for anew. Pictures are decoded from where the names came from. May be used
 * by any thread.
 */
public final class CurrentPictures implements PictureFiles {
    /** Knows where pictures are. */
    public interface Source {
        /** The pictures that are there at this moment. */
        PictureFiles pictures();
    }

    private final Source source;
    private volatile PictureFiles found;

    public CurrentPictures(Source source) {
        this.source = source;
    }

    @Override
    public String dataset() {
        return found().dataset();
    }

    @Override
    public List<String> names() throws IOException {
        PictureFiles now = source.pictures();
        found = now;
        return now.names();
    }

    @Override
    public Picture decode(String name, int width, int height) throws IOException {
        return found().decode(name, width, height);
    }

    private PictureFiles found() {
        PictureFiles last = found;
        return last == null ? source.pictures() : last;
    }
}
