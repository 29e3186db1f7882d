package org.tfgate.demo.app.bench;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The folder of result files. A file is there as a whole or not at all: it is written under another
 * name, flushed to the disk, and renamed.
 */
public final class ResultFolder {
    /** Ending of result documents. */
    public static final String JSON = ".json";

    /** Ending of tables of all runs. */
    public static final String CSV = ".csv";

    private static final String UNFINISHED = ".tmp";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,99}");

    private final File folder;

    /**
     * @param folder need not exist; null if the device has no such storage now.
     */
    public ResultFolder(File folder) {
        this.folder = folder;
    }

    /**
     * Whether files may have this name: letters, digits, "_", and, but not as the first, "-" and
     * "."; 100 characters at most.
     */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** The file of a name and an ending, there or not. */
    public File file(String name, String ending) {
        return new File(folder, name + ending);
    }

    /** Whether there is a result of this name. */
    public boolean has(String name) {
        return folder != null && (file(name, JSON).exists() || file(name, CSV).exists());
    }

    /** Names of all results, documents or tables alone, the newest first. */
    public List<String> names() {
        File[] files = folder == null ? null : folder.listFiles();
        final Map<String, Long> newest = new TreeMap<String, Long>();
        for (File file : files == null ? new File[0] : files) {
            String name = name(file);
            if (name != null) {
                Long before = newest.get(name);
                long modified = file.lastModified();
                newest.put(name, before == null ? modified : Math.max(before, modified));
            }
        }
        List<String> names = new ArrayList<String>(newest.keySet());
        Collections.sort(names, new Comparator<String>() {
            @Override
            public int compare(String one, String other) {
                return newest.get(other).compareTo(newest.get(one));
            }
        });
        return names;
    }

    /** The name without ending; null if the file is no result. */
    private static String name(File file) {
        for (String ending : Arrays.asList(JSON, CSV)) {
            if (file.isFile() && file.getName().endsWith(ending)) {
                return file.getName().substring(0, file.getName().length() - ending.length());
            }
        }
        return null;
    }

    /** Removes a result: its document and its table. Returns whether nothing of it is left. */
    public boolean delete(String name) {
        for (String ending : Arrays.asList(JSON, CSV)) {
            File file = file(name, ending);
            if (file.exists() && !file.delete()) {
                return false;
            }
        }
        return true;
    }

    /**
     * Writes a file, in place of one of the same name.
     *
     * @param name see {@link #isName}.
     * @throws IOException it can't be written: the disk is full, or there is none. Files that were
     *     there are as they were. The message is one line, for people.
     */
    public File write(String name, String ending, byte[] content) throws IOException {
        if (!isName(name)) {
            throw new IOException("Expected a name of letters and digits, got " + name + ".");
        }
        if (folder == null || !(folder.isDirectory() || folder.mkdirs())) {
            throw new IOException(
                    "Expected a folder for results, got "
                            + (folder == null ? "no storage" : folder) + ".");
        }
        File file = file(name, ending);
        File unfinished = new File(folder, name + ending + UNFINISHED);
        boolean complete = false;
        try (FileOutputStream stream = new FileOutputStream(unfinished)) {
            stream.write(content);
            stream.getFD().sync();
            complete = unfinished.renameTo(file);
        } catch (IOException error) {
            throw new IOException(
                    "Expected to write " + content.length + " bytes to " + file + ", got: "
                            + error.getMessage(),
                    error);
        } finally {
            if (!complete) {
                unfinished.delete();
            }
        }
        if (!complete) {
            throw new IOException("Expected to rename " + unfinished + ", got refused.");
        }
        return file;
    }
}
