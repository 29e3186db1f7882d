package org.tfgate.demo.app.models;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tfgate.demo.app.models.ModelProblem.Reason;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.metadata.MetadataException;
import org.tfgate.demo.core.metadata.MetadataReader;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.tflite.ModelStore;

/**
 * The models in the APK and in the folder to which a computer pushes more. May be used by any
 * thread; a file is read as a whole when it is first met, so not by the one that draws.
 */
public final class ModelCatalogue implements ModelStore {
    private static final String ENDING = ".tflite";

    // The mapped file, and once more what the runtime packs its weights into.
    private static final int MEMORY_FACTOR = 2;

    private final BundledModels bundled;
    private final File folder;
    private final MemoryGauge memory;
    private final Map<String, Known> known = new HashMap<String, Known>();

    /**
     * @param bundled the models in the APK.
     * @param folder where others are; null if the device has no such storage now. It need not
     *     exist.
     * @param memory tells what fits.
     */
    public ModelCatalogue(BundledModels bundled, File folder, MemoryGauge memory) {
        this.bundled = bundled;
        this.folder = folder;
        this.memory = memory;
    }

    /**
     * All models as they are now, the bundled ones first, by name.
     *
     * @throws IOException the bundled ones can't be listed.
     */
    public synchronized List<ModelEntry> list() throws IOException {
        List<ModelEntry> entries = new ArrayList<ModelEntry>();
        List<String> names = new ArrayList<String>(bundled.names());
        Collections.sort(names);
        for (String name : names) {
            if (name.endsWith(ENDING)) {
                entries.add(fitting(bundled(name)));
            }
        }
        for (File file : pushed()) {
            entries.add(fitting(pushed(file)));
        }
        return entries;
    }

    /**
     * A model as it is now.
     *
     * @param name such as "NAME.tflite" or "asset:NAME.tflite".
     * @return null if there is no such model.
     * @throws IOException the bundled ones can't be listed.
     */
    public synchronized ModelEntry find(String name) throws IOException {
        if (name.startsWith(ModelEntry.BUNDLED)) {
            String fileName = name.substring(ModelEntry.BUNDLED.length());
            return bundled.names().contains(fileName) ? fitting(bundled(fileName)) : null;
        }
        for (File file : pushed()) {
            if (file.getName().equals(name)) {
                return fitting(pushed(file));
            }
        }
        return null;
    }

    @Override
    public ModelMetadata metadata(String model) throws EngineException {
        return usable(model).metadata();
    }

    @Override
    public ByteBuffer bytes(String model) throws EngineException {
        ModelEntry entry = usable(model);
        try {
            return entry.isBundled()
                    ? bundled.map(entry.fileName())
                    : map(new File(folder, entry.fileName()));
        } catch (IOException error) {
            throw new EngineException(
                    "Expected model " + model + " to be readable, got: " + error.getMessage(),
                    error);
        }
    }

    private ModelEntry usable(String model) throws EngineException {
        ModelEntry entry;
        try {
            entry = find(model);
        } catch (IOException error) {
            throw new EngineException(
                    "Expected the app's models to be readable, got: " + error.getMessage(),
                    error);
        }
        if (entry == null) {
            throw new EngineException(
                    "Expected a model that is bundled or in " + folder + ", got " + model + ".");
        }
        if (!entry.isUsable()) {
            throw new EngineException(entry.problem().message());
        }
        return entry;
    }

    private List<File> pushed() {
        File[] files = folder == null ? null : folder.listFiles();
        List<File> models = new ArrayList<File>();
        if (files != null) {
            Arrays.sort(files);
            for (File file : files) {
                if (file.isFile() && file.getName().endsWith(ENDING)) {
                    models.add(file);
                }
            }
        }
        return models;
    }

    private ModelEntry bundled(String fileName) {
        String name = ModelEntry.BUNDLED + fileName;
        Known before = known.get(name);
        if (before == null) {
            before = new Known(0, 0, readBundled(name, fileName));
            known.put(name, before);
        }
        return before.entry;
    }

    private ModelEntry readBundled(String name, String fileName) {
        ByteBuffer content;
        try {
            content = bundled.map(fileName);
        } catch (IOException error) {
            return unreadable(name, 0, error);
        }
        try {
            return ModelEntry.usable(name, MetadataReader.read(content, fileName));
        } catch (MetadataException error) {
            return ModelEntry.unusable(name, content.capacity(), ModelProblem.of(error));
        }
    }

    private ModelEntry pushed(File file) {
        String name = file.getName();
        Known before = known.get(name);
        if (before == null || !before.isStill(file)) {
            long bytes = file.length();
            before = new Known(bytes, file.lastModified(), readPushed(file, bytes));
            known.put(name, before);
        }
        return before.entry;
    }

    private static ModelEntry readPushed(File file, long bytes) {
        if (bytes > Integer.MAX_VALUE) {
            return ModelEntry.unusable(
                    file.getName(), bytes,
                    new ModelProblem(
                            Reason.TOO_LARGE,
                            "Expected " + file.getName() + " of less than 2 GiB, got "
                                    + mebibytes(bytes) + "."));
        }
        try {
            return ModelEntry.usable(file.getName(), MetadataReader.read(file));
        } catch (MetadataException error) {
            return ModelEntry.unusable(file.getName(), bytes, ModelProblem.of(error));
        }
    }

    /** The entry, unless the device has too little memory just now. */
    private ModelEntry fitting(ModelEntry entry) {
        long needed = MEMORY_FACTOR * entry.bytes();
        long available = memory.availableBytes();
        if (!entry.isUsable() || needed <= available) {
            return entry;
        }
        return entry.without(
                new ModelProblem(
                        Reason.TOO_LARGE,
                        "Expected " + mebibytes(needed) + " of memory for " + entry.name()
                                + ", got " + mebibytes(available) + "."));
    }

    private static ModelEntry unreadable(String name, long bytes, IOException error) {
        return ModelEntry.unusable(
                name, bytes,
                new ModelProblem(
                        Reason.UNREADABLE,
                        "Expected " + name + " to be readable, got: " + error.getMessage()));
    }

    private static ByteBuffer map(File file) throws IOException {
        try (FileInputStream stream = new FileInputStream(file)) {
            FileChannel channel = stream.getChannel();
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
                    .order(ByteOrder.nativeOrder());
        }
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
    }

    /** What was read of a file, and when that is out of date. */
    private static final class Known {
        final long bytes;
        final long modified;
        final ModelEntry entry;

        Known(long bytes, long modified, ModelEntry entry) {
            this.bytes = bytes;
            this.modified = modified;
            this.entry = entry;
        }

        boolean isStill(File file) {
            return bytes == file.length() && modified == file.lastModified();
        }
    }
}
