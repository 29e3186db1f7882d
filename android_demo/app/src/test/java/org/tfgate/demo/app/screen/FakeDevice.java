package org.tfgate.demo.app.screen;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tfgate.demo.app.CoreFiles;
import org.tfgate.demo.app.bench.BenchCommand;
import org.tfgate.demo.app.bench.BenchRun;
import org.tfgate.demo.app.bench.BenchServices;
import org.tfgate.demo.app.bench.CommandJob;
import org.tfgate.demo.app.bench.HeadlessRun;
import org.tfgate.demo.app.bench.Picture;
import org.tfgate.demo.app.bench.PictureFiles;
import org.tfgate.demo.app.bench.ResultFolder;
import org.tfgate.demo.app.device.DeviceProbe;
import org.tfgate.demo.app.measure.MeasureKit;
import org.tfgate.demo.app.models.BundledModels;
import org.tfgate.demo.app.models.MemoryGauge;
import org.tfgate.demo.app.models.ModelCatalogue;
import org.tfgate.demo.core.device.CpuCore;
import org.tfgate.demo.core.device.DeviceFacts;
import org.tfgate.demo.core.device.DeviceState;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.run.Clock;
import org.tfgate.demo.core.run.EngineSource;
import org.tfgate.demo.core.run.ThermalSource;

/** A phone for presenters: its folders are real, its engines compute decisions and times. */
public final class FakeDevice
        implements EngineSource, ThermalSource, Clock, DeviceProbe, PictureFiles, MemoryGauge,
                HeadlessRun.Runs {
    public final QueuedTasks tasks = new QueuedTasks();
    public final Texts texts = new ResourceTexts();
    public final Occupation occupation = new Occupation();
    public final ResultFolder results;
    public final ModelCatalogue catalogue;
    public final ModelList models;
    public final Set<String> undecodable = new HashSet<String>();
    public List<String> pictures = new ArrayList<String>(Arrays.asList("a.png", "b.png"));
    public String picturesBroken;
    public String modelsBroken;
    public long memory = 1 << 30;
    public ThermalStatus status = ThermalStatus.NONE;
    public double heat = 1.0;
    public int runsLeft = Integer.MAX_VALUE;
    public Runnable afterEachRun;
    public volatile int runs;
    public int decoded;
    public int opened;
    public int closed;
    private final File modelFolder;
    private long nanos;

    /**
     * @param folder an empty one.
     */
    public FakeDevice(File folder) {
        modelFolder = new File(folder, "models");
        if (!modelFolder.mkdir()) {
            throw new AssertionError(modelFolder.toString());
        }
        results = new ResultFolder(new File(folder, "results"));
        catalogue = new ModelCatalogue(new NoBundledModels(), modelFolder, this);
        models = new ModelList(catalogue, tasks);
    }

    /** Puts core's models on the phone. */
    public void push(String... files) throws IOException {
        for (String file : files) {
            push(file, CoreFiles.model(file));
        }
    }

    public void push(String file, byte[] content) throws IOException {
        try (FileOutputStream stream = new FileOutputStream(new File(modelFolder, file))) {
            stream.write(content);
        }
    }

    public MeasureKit kit() {
        return new MeasureKit(texts, tasks, occupation, models, this, results, tasks);
    }

    @Override
    public BenchRun run(BenchCommand command, long newsMillis) {
        return new BenchRun(
                new CommandJob(command, catalogue, this, 1 << 20),
                new BenchServices(this, this, this, this, results, tasks), 0);
    }

    long ran(double milliseconds) throws EngineException {
        if (runsLeft-- <= 0) {
            throw new EngineException("the model broke");
        }
        long duration = (long) (milliseconds * heat * 1e6);
        nanos += duration;
        runs++;
        if (afterEachRun != null) {
            afterEachRun.run();
        }
        return duration;
    }

    @Override
    public InferenceEngine open(String model, EngineOptions options) throws EngineException {
        opened++;
        return new FakeNetwork(this, catalogue.metadata(model));
    }

    @Override
    public ThermalStatus status() {
        return status;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public void sleep(long duration) {
        nanos += duration;
    }

    @Override
    public DeviceFacts facts(boolean xnnpack) {
        return DeviceFacts.builder(
                        "Phone 1", "arm64-v8a", Arrays.asList(new CpuCore(0, null, 1800)))
                .runtime("tensorflow-lite", "2.16.1", Arrays.asList("xnnpack"))
                .app("1.0", null, false)
                .build();
    }

    @Override
    public DeviceState state() {
        return DeviceState.builder().thermalStatus(status).build();
    }

    @Override
    public String dataset() {
        return "bundled";
    }

    @Override
    public List<String> names() throws IOException {
        if (picturesBroken != null) {
            throw new IOException(picturesBroken);
        }
        return pictures;
    }

    @Override
    public Picture decode(String name, int width, int height) throws IOException {
        decoded++;
        if (undecodable.contains(name)) {
            throw new IOException("it is no picture that Android decodes");
        }
        return Picture.of(width, height, new int[width * height]);
    }

    @Override
    public long availableBytes() {
        return memory;
    }

    /** All models are pushed. */
    private final class NoBundledModels implements BundledModels {
        @Override
        public List<String> names() throws IOException {
            if (modelsBroken != null) {
                throw new IOException(modelsBroken);
            }
            return Collections.emptyList();
        }

        @Override
        public ByteBuffer map(String fileName) {
            throw new AssertionError("There are no bundled models here.");
        }
    }
}
