package org.tfgate.demo.app.bench;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The pictures in a folder, to which a computer pushes them. */
public final class FolderPictures implements PictureFiles {
    // What the computer calls a file that is not there as a whole.
    private static final String UNFINISHED = ".part";
    private static final String HIDDEN = ".";

    private final File folder;

    /**
     * @param folder need not exist; null if the device has no such storage now.
     */
    public FolderPictures(File folder) {
        this.folder = folder;
    }

    @Override
    public String dataset() {
        return "given";
    }

    @Override
    public List<String> names() {
        File[] files = folder == null ? null : folder.listFiles();
        List<String> names = new ArrayList<String>();
        for (File file : files == null ? new File[0] : files) {
            String name = file.getName();
            if (file.isFile() && !name.startsWith(HIDDEN) && !name.endsWith(UNFINISHED)) {
                names.add(name);
            }
        }
        Collections.sort(names);
        return names;
    }

    @Override
    public Picture decode(final String name, int width, int height) throws IOException {
        return BitmapDecoder.decode(new BitmapDecoder.Opening() {
            @Override
            public InputStream open() throws IOException {
                return new FileInputStream(new File(folder, name));
            }
        }, width, height);
    }
}
