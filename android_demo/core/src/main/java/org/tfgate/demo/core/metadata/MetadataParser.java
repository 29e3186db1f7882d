package org.tfgate.demo.core.metadata;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;

/** From the document's JSON to {@link ModelMetadata}. What the app does not need is not read. */
final class MetadataParser {
    private static final int IMAGE_RANK = 4;

    // What TensorFlow calls the signature of a file that has one.
    private static final String ONLY_SIGNATURE = "serving_default";

    private MetadataParser() {}

    /**
     * @param sha256 of the whole file, in hexadecimal.
     * @param bytes size of the file.
     * @throws JsonException a member is missing or of another type.
     * @throws IllegalArgumentException a value is one that no document has.
     */
    static ModelMetadata parse(JsonObject document, String sha256, long bytes)
            throws JsonException {
        ModelMetadata.Builder metadata = new ModelMetadata.Builder();
        metadata.sha256 = sha256;
        metadata.fileBytes = bytes;
        metadata.model = document.text("model");
        metadata.lowering = document.text("lowering");
        metadata.quantization = document.text("quantization");
        JsonObject quantized = document.objectOrNull("quantized");
        metadata.runtime = quantized == null ? null : quantized.textOrNull("runtime");
        JsonObject source = document.objectOrNull("source");
        metadata.sourceSha256 = source == null ? null : source.textOrNull("sha256");
        metadata.signatures =
                document.has("signatures")
                        ? document.texts("signatures")
                        : Collections.singletonList(ONLY_SIGNATURE);
        Checks.atLeast(1, metadata.signatures.size(), "the number of signatures");
        metadata.isStatic = document.has("static");
        JsonObject tau = document.objectOrNull("tau");
        if (tau != null) {
            metadata.tau = tau.numberOrNull("value");
            metadata.hasTauInput = tau.flag("input");
        }
        metadata.input = input(document.object("input"));
        JsonObject outputs = document.object("outputs");
        metadata.predictionsShape = outputs.object("predictions").integers("shape");
        metadata.hasDecisions = outputs.has("decisions");
        metadata.labels = document.has("labels") ? document.texts("labels") : null;
        metadata.gates = gates(document);
        metadata.columns = columns(metadata.gates);
        JsonObject macs = document.object("macs");
        metadata.macs =
                new Macs(
                        macs.number("dense"), macs.number("all_open"), macs.number("all_closed"));
        metadata.products = products(macs, metadata.columns);
        JsonObject dial = document.objectOrNull("u");
        if (dial != null) {
            metadata.u = Checks.within(0.0, 1.0, dial.number("value"), "u.value");
            metadata.steps = dial.has("steps") ? steps(dial) : null;
        }
        return metadata.build();
    }

    private static ModelInput input(JsonObject json) throws JsonException {
        int[] shape = json.integers("shape");
        if (shape.length != IMAGE_RANK) {
            throw Checks.expected(
                    json.path() + ".shape", "[1, height, width, channels]",
                    shape.length + " numbers");
        }
        for (int size : shape) {
            Checks.atLeast(1, size, "every number in " + json.path() + ".shape");
        }
        JsonObject normalization = json.object("normalization");
        return new ModelInput(
                json.text("name"),
                shape,
                json.text("dtype"),
                json.has("value_range") ? range(json) : null,
                normalization.flag("in_graph"),
                normalization.has("mean") ? normalization.numberOrNumbers("mean") : null,
                normalization.has("std") ? normalization.numberOrNumbers("std") : null);
    }

    private static double[] range(JsonObject json) throws JsonException {
        double[] range = json.numbers("value_range");
        if (range.length != 2 || !(range[0] < range[1])) {
            throw Checks.expected(json.path() + ".value_range", "[low, high]", "something else");
        }
        return range;
    }

    private static List<Gate> gates(JsonObject document) throws JsonException {
        List<Gate> gates = new ArrayList<Gate>();
        for (JsonObject json : document.objects("gates")) {
            List<Component> components = new ArrayList<Component>();
            for (JsonObject each : json.objects("components")) {
                Integer decided = each.integerOrNull("decided");
                if (decided != null) {
                    Checks.within(0, 1, decided, each.path() + ".decided");
                }
                components.add(
                        new Component(each.number("macs"), decided, each.integerOrNull("index")));
            }
            gates.add(
                    new Gate(
                            json.text("block"),
                            json.text("gate"),
                            json.text("lowering"),
                            json.number("gate_macs"),
                            json.has("behind") ? json.integers("behind") : new int[0],
                            components));
        }
        checkBehind(gates);
        return gates;
    }

    private static void checkBehind(List<Gate> gates) {
        int components = 0;
        for (Gate gate : gates) {
            components += gate.components().size();
        }
        for (Gate gate : gates) {
            for (int component : gate.behind()) {
                Checks.within(
                        0, components - 1, component, "what " + gate.name() + " lies behind");
            }
        }
    }

    /** Number of columns of {@code decisions}: as many as undecided components, in their order. */
    private static int columns(List<Gate> gates) {
        int columns = 0;
        for (Gate gate : gates) {
            for (Component component : gate.components()) {
                if (component.isUndecided()) {
                    if (component.index() == null || component.index() != columns) {
                        throw Checks.expected(
                                "the index of an undecided component of " + gate.name(),
                                "" + columns, component.index());
                    }
                    columns++;
                }
            }
        }
        return columns;
    }

    private static List<MacsProduct> products(JsonObject macs, int columns) throws JsonException {
        if (!macs.has("products")) {
            return null;
        }
        List<MacsProduct> products = new ArrayList<MacsProduct>();
        for (JsonObject json : macs.objects("products")) {
            products.add(
                    new MacsProduct(
                            json.number("macs"),
                            json.integerLists("factors"),
                            json.integerLists("shares"),
                            columns));
        }
        return products;
    }

    private static List<DialStep> steps(JsonObject dial) throws JsonException {
        List<DialStep> steps = new ArrayList<DialStep>();
        double last = 0.0;
        for (JsonObject json : dial.objects("steps")) {
            double from = Checks.within(last, 1.0, json.number("from"), json.path() + ".from");
            if (steps.isEmpty() && from != 0.0) {
                throw Checks.expected(json.path() + ".from", "0", from);
            }
            steps.add(new DialStep(from, json.number("macs")));
            last = from;
        }
        Checks.atLeast(1, steps.size(), "the number of " + dial.path() + ".steps");
        return steps;
    }
}
