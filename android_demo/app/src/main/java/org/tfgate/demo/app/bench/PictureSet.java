package org.tfgate.demo.app.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tfgate.demo.core.metadata.ModelInput;
import org.tfgate.demo.core.run.ImageSource;

/**
 * Decoded pictures in the sizes that models take. Kept in memory, because a run must not wait for
 * files. Used by one thread at a time.
 */
public final class PictureSet implements ImageSource {
    private final Map<String, PixelValues> values = new HashMap<String, PixelValues>();
    private final Map<String, List<Picture>> bySize = new LinkedHashMap<String, List<Picture>>();
    private final List<String> names = new ArrayList<String>();
    private final List<String> notes = new ArrayList<String>();

    private PictureSet() {}

    /**
     * Decodes pictures. Those that can't be decoded are left out, with a note.
     *
     * @param files the pictures.
     * @param inputs what models take, by the models' names.
     * @param most how many pictures are needed at most, at least 1.
     * @param memory how many bytes they may take in memory; what does not fit is left out, with
     *     a note.
     * @throws BenchException there is no picture that can be decoded and fits, or it is not known
     *     what a model takes.
     */
    public static PictureSet load(
            PictureFiles files, Map<String, ModelInput> inputs, int most, long memory)
            throws BenchException {
        PictureSet set = new PictureSet();
        for (Map.Entry<String, ModelInput> input : inputs.entrySet()) {
            set.values.put(input.getKey(), new PixelValues(input.getKey(), input.getValue()));
            set.bySize.put(size(input.getValue()), new ArrayList<Picture>());
        }
        set.decode(files, listed(files), inputs, most, memory);
        if (set.names.isEmpty()) {
            throw new BenchException(
                    "Expected a picture that can be used, got none"
                            + (set.notes.isEmpty() ? "." : ": " + set.notes.get(0)));
        }
        return set;
    }

    private static List<String> listed(PictureFiles files) throws BenchException {
        try {
            return files.names();
        } catch (IOException error) {
            throw new BenchException(
                    "Expected pictures, got: " + error.getMessage(), error);
        }
    }

    private void decode(
            PictureFiles files, List<String> all, Map<String, ModelInput> inputs, int most,
            long memory) {
        long left = memory;
        for (int i = 0; i < all.size() && names.size() < most; i++) {
            try {
                Map<String, Picture> scaled = scaled(files, all.get(i), inputs);
                for (Picture picture : scaled.values()) {
                    left -= picture.bytes();
                }
                if (left < 0) {
                    notes.add(
                            "pictures from " + all.get(i) + " on were left out: "
                                    + names.size() + " fill the memory");
                    return;
                }
                for (Map.Entry<String, Picture> picture : scaled.entrySet()) {
                    bySize.get(picture.getKey()).add(picture.getValue());
                }
                names.add(all.get(i));
            } catch (IOException error) {
                notes.add("picture " + all.get(i) + " was left out: " + error.getMessage());
            }
        }
    }

    private static Map<String, Picture> scaled(
            PictureFiles files, String name, Map<String, ModelInput> inputs)
            throws IOException {
        int width = 1;
        int height = 1;
        for (ModelInput input : inputs.values()) {
            width = Math.max(width, input.width());
            height = Math.max(height, input.height());
        }
        Picture decoded = files.decode(name, width, height);
        Map<String, Picture> scaled = new HashMap<String, Picture>();
        for (ModelInput input : inputs.values()) {
            if (!scaled.containsKey(size(input))) {
                scaled.put(size(input), decoded.scaled(input.width(), input.height()));
            }
        }
        return scaled;
    }

    private static String size(ModelInput input) {
        return Arrays.asList(input.width(), input.height()).toString();
    }

    /** Number of pictures. */
    public int size() {
        return names.size();
    }

    /** Names of the pictures' files. */
    public List<String> names() {
        return Collections.unmodifiableList(names);
    }

    /** What was left out and why, one line each. */
    public List<String> notes() {
        return Collections.unmodifiableList(notes);
    }

    /** The picture as a model sees it, cut and scaled, but not yet in the model's range. */
    public Picture picture(String model, int index) {
        return bySize.get(size(values.get(model).input())).get(index);
    }

    /** The picture's numbers, in an array that the next call for this model fills anew. */
    @Override
    public float[] image(String model, int index) {
        return values.get(model).of(picture(model, index));
    }
}
