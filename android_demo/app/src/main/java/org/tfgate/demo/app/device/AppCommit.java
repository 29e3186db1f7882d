package org.tfgate.demo.app.device;

import android.content.res.AssetManager;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** The commit that the app was built from, which the build writes into assets/commit. */
final class AppCommit {
    private static final String FILE = "commit";

    private AppCommit() {}

    /** The commit; null where the build knew none. */
    static String read(AssetManager assets) {
        try (BufferedReader reader =
                new BufferedReader(
                        new InputStreamReader(assets.open(FILE), StandardCharsets.US_ASCII))) {
            String line = reader.readLine();
            return line == null ? null : Names.known(line, "");
        } catch (FileNotFoundException none) {
            return null;
        } catch (IOException error) {
            throw new IllegalStateException("Expected assets/commit to be readable.", error);
        }
    }
}
