package org.tfgate.demo.app.models;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.Test;
import org.tfgate.demo.app.bench.AssetPictures;
import org.tfgate.demo.app.bench.BenchCommand;
import org.tfgate.demo.app.bench.BenchJob;
import org.tfgate.demo.app.bench.CommandJob;
import org.tfgate.demo.app.bench.Picture;
import org.tfgate.demo.app.bench.PictureFiles;
import org.tfgate.demo.core.metadata.Dial;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.run.Configuration;

/** The models and pictures of the app itself, as the app reads them. */
public final class BundledModelsTest implements BundledModels, MemoryGauge {
    private static final File ASSETS =
            new File(System.getProperty("tfgate.app.main"), "assets");

    private final ModelCatalogue catalogue = new ModelCatalogue(this, null, this);

    @Test
    public void allCanBeUsedByTheAppsRuntime() throws Exception {
        Map<String, ModelMetadata> byLowering = new HashMap<String, ModelMetadata>();
        for (ModelEntry entry : catalogue.list()) {
            assertTrue(entry.name() + ": " + entry.problem(), entry.isUsable());
            ModelMetadata metadata = entry.metadata();
            assertEquals(entry.name(), "2.16", metadata.runtime());
            assertEquals(metadata.predictionsShape()[1], metadata.labels().size());
            byLowering.put(metadata.lowering(), metadata);
        }
        ModelMetadata gated = byLowering.get("conditional");
        assertEquals(Dial.TAU, gated.dial());
        assertTrue(gated.hasDecisions());
        assertFalse(gated.gates().isEmpty());
        assertTrue(gated.macs().allClosed() < byLowering.get("dense").macs().dense());
    }

    @Test
    public void theyCanBeMeasuredOnAllOfThePictures() throws Exception {
        List<String> models = new ArrayList<String>();
        for (ModelEntry entry : catalogue.list()) {
            models.add(entry.name());
        }
        BenchCommand command = BenchCommand.builder(models).build();
        BenchJob job = new CommandJob(command, catalogue, new Pictures(), 1 << 24).prepare();
        assertEquals(Collections.<String>emptyList(), job.notes());
        assertEquals(new Pictures().names().size(), job.plan().images());
        for (Configuration each : job.plan().configurations()) {
            float[] numbers = job.images().image(each.model(), 0);
            float brightest = 0.0f;
            for (float number : numbers) {
                assertTrue(number >= 0.0f && number <= 255.0f);
                brightest = Math.max(brightest, number);
            }
            assertTrue(each + ": " + brightest, brightest > 100.0f);
        }
    }

    @Override
    public List<String> names() {
        return Arrays.asList(new File(ASSETS, "models").list());
    }

    @Override
    public ByteBuffer map(String fileName) throws IOException {
        byte[] content = Files.readAllBytes(new File(ASSETS, "models/" + fileName).toPath());
        return ByteBuffer.wrap(content).order(ByteOrder.nativeOrder());
    }

    @Override
    public long availableBytes() {
        return Long.MAX_VALUE;
    }

    /** The pictures, decoded by Java's own library. */
    private static final class Pictures implements PictureFiles {
        @Override
        public String dataset() {
            return "bundled";
        }

        @Override
        public List<String> names() {
            return Arrays.asList(new File(ASSETS, AssetPictures.FOLDER).list());
        }

        @Override
        public Picture decode(String name, int width, int height) throws IOException {
            File file = new File(new File(ASSETS, AssetPictures.FOLDER), name);
            BufferedImage image = ImageIO.read(file);
            assertEquals(width, image.getWidth());
            assertEquals(height, image.getHeight());
            return Picture.of(width, height, image.getRGB(0, 0, width, height, null, 0, width));
        }
    }
}
