package org.tfgate.demo.app.models;

import android.content.res.AssetFileDescriptor;
import android.content.res.AssetManager;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.List;

/** The models under assets/models, mapped where they lie in the APK. */
public final class AssetModels implements BundledModels {
    private static final String FOLDER = "models";

    private final AssetManager assets;

    public AssetModels(AssetManager assets) {
        this.assets = assets;
    }

    @Override
    public List<String> names() throws IOException {
        return Arrays.asList(assets.list(FOLDER));
    }

    @Override
    public ByteBuffer map(String fileName) throws IOException {
        try (AssetFileDescriptor descriptor = assets.openFd(FOLDER + "/" + fileName);
                FileInputStream stream =
                        new FileInputStream(descriptor.getFileDescriptor())) {
            FileChannel channel = stream.getChannel();
            return channel.map(
                            FileChannel.MapMode.READ_ONLY,
                            descriptor.getStartOffset(),
                            descriptor.getDeclaredLength())
                    .order(ByteOrder.nativeOrder());
        } catch (FileNotFoundException error) {
            // What the system says of a packed one, too, is no more than its name.
            throw new IOException(
                    fileName + " is not in the app, or not stored unpacked", error);
        }
    }
}
