package org.tfgate.demo.app.models;

import android.content.Context;

/** Makes the catalogue of a device. */
public final class Models {
    private static final String FOLDER = "models";

    private Models() {}

    /** The models in the APK and in {@code getExternalFilesDir("models")}. */
    public static ModelCatalogue catalogue(Context context) {
        Context application = context.getApplicationContext();
        return new ModelCatalogue(
                new AssetModels(application.getAssets()),
                application.getExternalFilesDir(FOLDER),
                new SystemMemory(application));
    }
}
