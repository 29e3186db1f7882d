package org.tfgate.demo.app.tryout;

import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.app.bench.BenchException;
import org.tfgate.demo.app.bench.Picture;
import org.tfgate.demo.app.bench.PictureFiles;
import org.tfgate.demo.app.bench.PictureSet;
import org.tfgate.demo.app.models.ModelEntry;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.run.EngineSource;

/** Runs requests; keeps the model and the picture of the last. Used by one thread. */
final class TryRunner {
    private static final long PICTURE_BYTES = 64L << 20;

    private final EngineSource engines;
    private final int threads;
    private InferenceEngine engine;
    private ModelEntry model;
    private PictureSet picture;
    private PictureFiles pictures;
    private String pictureName;

    /**
     * @param threads of each run.
     */
    TryRunner(EngineSource engines, int threads) {
        this.engines = engines;
        this.threads = threads;
    }

    /**
     * @throws EngineException the model can't be loaded or run.
     * @throws BenchException the picture can't be decoded, or the model does not tell what it
     *     takes.
     */
    TryOutcome run(TryRequest request) throws EngineException, BenchException {
        boolean isNewModel = request.model != model;
        if (isNewModel) {
            load(request.model);
        }
        if (isNewModel || request.pictures != pictures || !request.picture.equals(pictureName)) {
            decode(request);
        }
        ModelMetadata metadata = request.model.metadata();
        String name = request.model.name();
        if (metadata.hasTauInput()) {
            engine.setInput(InferenceEngine.TAU, new float[] {(float) request.tau});
        }
        if (metadata.hasUInput()) {
            engine.setInput(InferenceEngine.U, new float[] {(float) request.u});
        }
        engine.setInput(InferenceEngine.IMAGES, picture.image(name, 0));
        if (isNewModel) {
            engine.run(); // The first run also makes the memory warm.
        }
        long nanos = engine.run();
        boolean tells = engine.outputs().contains(InferenceEngine.DECISIONS);
        return new TryOutcome(
                request, nanos, engine.output(InferenceEngine.PREDICTIONS),
                tells ? engine.output(InferenceEngine.DECISIONS) : null,
                picture.picture(name, 0));
    }

    /** If its last picture was one of these, it decodes it anew the next time. */
    void forget(PictureFiles files) {
        if (pictures == files) {
            pictures = null;
        }
    }

    /** Frees the model. */
    void close() {
        if (engine != null) {
            engine.close();
        }
        engine = null;
        model = null;
        picture = null;
        pictures = null;
    }

    private void load(ModelEntry entry) throws EngineException {
        close();
        String signature = entry.metadata().signatures().get(0);
        engine = engines.open(entry.name(), new EngineOptions(signature, threads, true));
        model = entry;
    }

    private void decode(TryRequest request) throws BenchException {
        pictures = null;
        picture =
                PictureSet.load(
                        new OnePicture(request.pictures, request.picture),
                        Collections.singletonMap(
                                request.model.name(), request.model.metadata().input()),
                        1, PICTURE_BYTES);
        pictures = request.pictures;
        pictureName = request.picture;
    }

    /** One of some pictures. */
    private static final class OnePicture implements PictureFiles {
        private final PictureFiles files;
        private final String name;

        OnePicture(PictureFiles files, String name) {
            this.files = files;
            this.name = name;
        }

        @Override
        public String dataset() {
            return files.dataset();
        }

        @Override
        public List<String> names() {
            return Collections.singletonList(name);
        }

        @Override
        public Picture decode(String file, int width, int height) throws IOException {
            return files.decode(file, width, height);
        }
    }
}
