package org.tfgate.demo.app.bench;

import android.content.res.AssetManager;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;

/** The pictures that the app brings along. */
public final class AssetPictures implements PictureFiles {
    /**
     * Their folder under assets. Android lists the framework's assets with the app's, so the
     * framework must have none of this name; it has "images".
     */
    public static final String FOLDER = "pictures";

    private final AssetManager assets;

    public AssetPictures(AssetManager assets) {
        this.assets = assets;
    }

    @Override
    public String dataset() {
        return "bundled";
    }

    @Override
    public List<String> names() throws IOException {
        String[] names = assets.list(FOLDER);
        Arrays.sort(names);
        return Arrays.asList(names);
    }

    @Override
    public Picture decode(final String name, int width, int height) throws IOException {
        return BitmapDecoder.decode(new BitmapDecoder.Opening() {
            @Override
            public InputStream open() throws IOException {
                return assets.open(FOLDER + "/" + name);
            }
        }, width, height);
    }
}
