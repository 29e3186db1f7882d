package org.tfgate.demo.app.bench;

import android.content.Context;
import java.io.File;
import org.tfgate.demo.app.device.Device;
import org.tfgate.demo.app.models.ModelCatalogue;
import org.tfgate.demo.app.models.Models;
import org.tfgate.demo.core.run.MonotonicClock;
import org.tfgate.demo.tflite.TfliteEngine;

/** What runs need on a phone, put together; may be used by any thread. */
public final class Bench implements HeadlessRun.Runs, CurrentPictures.Source {
    private static final String IMAGES = "images";
    private static final String RESULTS = "results";

    // Of the memory for Java's objects, so that engines and results have room.
    private static final int PICTURES_SHARE = 4;

    private final Context context;
    private final ModelCatalogue catalogue;
    private final Device device;
    private final ResultFolder results;
    private final File images;
    private final BenchServices services;

    /** Makes the app's folders, to which a computer pushes models and pictures. */
    public Bench(Context context) {
        this(context, new AndroidPlatform());
    }

    /**
     * Makes the app's folders, to which a computer pushes models and pictures.
     *
     * @param platform how runs tell their news.
     */
    public Bench(Context context, BenchPlatform platform) {
        this.context = context.getApplicationContext();
        catalogue = Models.catalogue(this.context);
        device = new Device(this.context);
        images = this.context.getExternalFilesDir(IMAGES);
        results = new ResultFolder(this.context.getExternalFilesDir(RESULTS));
        services =
                new BenchServices(
                        new TfliteEngine.Source(catalogue), device, new MonotonicClock(), device,
                        results, platform);
    }

    /** The models. */
    public ModelCatalogue catalogue() {
        return catalogue;
    }

    /** The phone. */
    public Device device() {
        return device;
    }

    /** The results. */
    public ResultFolder results() {
        return results;
    }

    /** The pictures that were pushed, or those in the app if there are none: one run's. */
    @Override
    public PictureFiles pictures() {
        FolderPictures pushed = new FolderPictures(images);
        return pushed.names().isEmpty() ? bundledPictures() : pushed;
    }

    /** The pictures in the app. */
    public PictureFiles bundledPictures() {
        return new AssetPictures(context.getAssets());
    }

    /** How many bytes pictures may take. */
    public static long pictureBytes() {
        return Runtime.getRuntime().maxMemory() / PICTURES_SHARE;
    }

    /**
     * A run of a command on {@link #pictures}, which {@link BenchRun#start} starts.
     *
     * @param newsMillis how often its listener hears of progress at most, in milliseconds.
     */
    @Override
    public BenchRun run(BenchCommand command, long newsMillis) {
        return run(new CommandJob(command, catalogue, pictures(), pictureBytes()), newsMillis);
    }

    /**
     * A run, which {@link BenchRun#start} starts.
     *
     * @param newsMillis how often its listener hears of progress at most, in milliseconds.
     */
    public BenchRun run(JobSource source, long newsMillis) {
        return new BenchRun(source, services, newsMillis);
    }
}
