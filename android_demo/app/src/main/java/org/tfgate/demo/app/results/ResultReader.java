package org.tfgate.demo.app.results;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.text.DateFormat;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.bench.ResultFolder;
import org.tfgate.demo.app.screen.Formats;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonReader;

/** Reads what the list says of results. */
final class ResultReader {
    private static final int MOST_POINTS = 4;
    private static final int BUFFER = 1 << 16;

    private final ResultFolder folder;
    private final Texts texts;
    private final Formats formats;

    ResultReader(ResultFolder folder, Texts texts) {
        this.folder = folder;
        this.texts = texts;
        formats = new Formats(texts);
    }

    /** All results, the newest first. */
    List<ResultFile> read() {
        List<ResultFile> results = new ArrayList<ResultFile>();
        for (String name : folder.names()) {
            results.add(read(name));
        }
        return results;
    }

    private ResultFile read(String name) {
        File json = folder.file(name, ResultFolder.JSON);
        File csv = folder.file(name, ResultFolder.CSV);
        boolean hasJson = json.isFile();
        boolean hasCsv = csv.isFile();
        File main = hasJson ? json : csv;
        DateFormat format =
                DateFormat.getDateTimeInstance(DateFormat.MEDIUM, DateFormat.SHORT, texts.locale());
        String time = format.format(new Date(main.lastModified()));
        return new ResultFile(
                name,
                texts.get(R.string.result_title, name, time),
                hasJson
                        ? summary(json)
                        : texts.get(R.string.result_table, formats.bytes(csv.length())),
                hasJson ? json : null,
                hasCsv ? csv : null);
    }

    private String summary(File file) {
        try {
            return summary(JsonReader.readObject(bytes(file), file.getName()));
        } catch (JsonException error) {
            return texts.get(R.string.result_unreadable, error.getMessage());
        } catch (IOException error) {
            return texts.get(R.string.result_unreadable, error.getMessage());
        } catch (OutOfMemoryError error) {
            return texts.get(R.string.result_large, formats.bytes(file.length()));
        }
    }

    private String summary(JsonObject document) throws JsonException {
        List<JsonObject> points = document.objects("points");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < Math.min(points.size(), MOST_POINTS); i++) {
            text.append(text.length() == 0 ? "" : "\n").append(point(points.get(i)));
        }
        if (points.size() > MOST_POINTS) {
            text.append('\n');
            text.append(
                    texts.quantity(R.plurals.result_more_points, points.size() - MOST_POINTS));
        }
        int warnings = document.texts("warnings").size();
        if (warnings > 0) {
            text.append('\n').append(texts.quantity(R.plurals.result_warnings, warnings));
        }
        return text.toString();
    }

    private String point(JsonObject point) throws JsonException {
        String median = formats.milliseconds(point.object("latency_ms").number("p50"));
        String model = point.text("file");
        Double tau = point.numberOrNull("tau");
        Double u = point.numberOrNull("u");
        if (tau != null) {
            return texts.get(R.string.result_point_tau, model, formats.setting(tau), median);
        }
        if (u != null) {
            return texts.get(R.string.result_point_u, model, formats.setting(u), median);
        }
        return texts.get(R.string.result_point, model, median);
    }

    private static byte[] bytes(File file) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        byte[] buffer = new byte[BUFFER];
        try (FileInputStream stream = new FileInputStream(file)) {
            for (int read = stream.read(buffer); read >= 0; read = stream.read(buffer)) {
                content.write(buffer, 0, read);
            }
        }
        return content.toByteArray();
    }
}
