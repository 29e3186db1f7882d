package org.tfgate.demo.app.bench;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.tfgate.demo.app.CoreFiles;
import org.tfgate.demo.app.device.DeviceProbe;
import org.tfgate.demo.core.device.CpuCore;
import org.tfgate.demo.core.device.DeviceFacts;
import org.tfgate.demo.core.device.DeviceState;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.engine.InferenceEngine;
import org.tfgate.demo.core.metadata.MetadataException;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.run.Clock;
import org.tfgate.demo.core.run.EngineSource;
import org.tfgate.demo.core.run.Progress;
import org.tfgate.demo.core.run.ThermalSource;
import org.tfgate.demo.tflite.ModelStore;

/** A phone whose engines compute nothing, whose clock counts runs, and whose results are files. */
final class FakePhone
        implements EngineSource, ThermalSource, Clock, DeviceProbe, BenchPlatform, ModelStore,
                PictureFiles {
    final List<String> pictures = new ArrayList<String>(Arrays.asList("a.png", "b.png", "c.png"));
    final Set<String> undecodable = new HashSet<String>();
    final Map<String, Integer> failsAfter = new LinkedHashMap<String, Integer>();
    final ResultFolder results;
    final Map<String, ThermalStatus> thermal = new LinkedHashMap<String, ThermalStatus>();
    String noRuntime;
    Runnable beforeEachRun;
    int decoded;
    volatile int prioritized;
    private long nanos;

    FakePhone(File folder) {
        results = new ResultFolder(folder);
        thermal.put("now", ThermalStatus.NONE);
    }

    BenchServices services() {
        return new BenchServices(this, this, this, this, results, this);
    }

    CommandJob job(BenchCommand command) {
        return new CommandJob(command, this, this, 1 << 20);
    }

    /** A run that has ended. */
    BenchRun ended(BenchCommand command) throws InterruptedException {
        BenchRun run = new BenchRun(job(command), services(), 0);
        final CountDownLatch end = new CountDownLatch(1);
        run.setListener(new BenchRun.Listener() {
            @Override
            public void onProgress(BenchRun run, Progress progress) {}

            @Override
            public void onEnd(BenchRun run, BenchOutcome outcome) {
                end.countDown();
            }
        });
        run.start();
        end.await();
        return run;
    }

    @Override
    public ModelMetadata metadata(String model) throws EngineException {
        try {
            return CoreFiles.metadata(model);
        } catch (IOException error) {
            throw new EngineException("Expected a model, got " + model + ".", error);
        } catch (MetadataException error) {
            throw new EngineException(error.getMessage(), error);
        }
    }

    @Override
    public ByteBuffer bytes(String model) {
        throw new AssertionError("Nothing is loaded here.");
    }

    @Override
    public String dataset() {
        return "given";
    }

    @Override
    public List<String> names() {
        return pictures;
    }

    @Override
    public Picture decode(String name, int width, int height) throws IOException {
        decoded++;
        if (undecodable.contains(name)) {
            throw new IOException("it is no picture");
        }
        int[] pixels = new int[width * height];
        Arrays.fill(pixels, pictures.indexOf(name) + 1);
        return Picture.of(width, height, pixels);
    }

    @Override
    public InferenceEngine open(String model, EngineOptions options) throws EngineException {
        Integer runs = failsAfter.get(model);
        return new FakeEngine(
                this, metadata(model), runs == null ? Integer.MAX_VALUE : runs);
    }

    long ran() {
        if (beforeEachRun != null) {
            beforeEachRun.run();
        }
        nanos += 1000000L;
        return 1000000L;
    }

    @Override
    public ThermalStatus status() {
        return thermal.get("now");
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
    public DeviceFacts facts(boolean xnnpack) throws EngineException {
        if (noRuntime != null) {
            throw new EngineException(noRuntime);
        }
        return DeviceFacts.builder(
                        "Phone 1", "arm64-v8a", Arrays.asList(new CpuCore(0, null, 1800)))
                .runtime("tensorflow-lite", "2.16.1", Arrays.asList("xnnpack"))
                .app("1.0", null, false)
                .build();
    }

    @Override
    public DeviceState state() {
        return DeviceState.builder().thermalStatus(status()).build();
    }

    @Override
    public void post(Runnable task) {
        task.run();
    }

    @Override
    public void prioritize() {
        prioritized++;
    }

    @Override
    public long dateMillis() {
        return 1795867200000L;
    }
}
