package org.tfgate.demo.app.results;

import java.io.File;
import java.io.FileNotFoundException;
import java.util.Arrays;
import java.util.List;
import org.tfgate.demo.app.bench.ResultFolder;

/** From an address to a result's file, and to no other. */
final class ResultPaths {
    private ResultPaths() {}

    /**
     * @param folder of results; null if the device has no such storage now.
     * @param segments of the address's path.
     * @throws FileNotFoundException the address is of no result that is there.
     */
    static File file(File folder, List<String> segments) throws FileNotFoundException {
        if (folder != null && segments.size() == 1) {
            for (String ending : Arrays.asList(ResultFolder.JSON, ResultFolder.CSV)) {
                String name = withoutEnding(segments.get(0), ending);
                File file = name == null ? null : new ResultFolder(folder).file(name, ending);
                // A name of letters, digits and dots can't lead out of the folder.
                if (file != null && ResultFolder.isName(name) && file.isFile()) {
                    return file;
                }
            }
        }
        throw new FileNotFoundException("Expected the address of a result, got " + segments + ".");
    }

    private static String withoutEnding(String file, String ending) {
        return file.endsWith(ending)
                ? file.substring(0, file.length() - ending.length())
                : null;
    }
}
