package org.tfgate.demo.core.metadata;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.core.Checks;

/**
 * What a .tflite file tells about itself, and the questions that the app asks of it; immutable.
 * {@link MetadataReader} makes it. The numbers are those of {@code tflite.metadata.Metadata}.
 */
public final class ModelMetadata {
    private final String sha256;
    private final long fileBytes;
    private final String model;
    private final String lowering;
    private final String quantization;
    private final String runtime;
    private final String sourceSha256;
    private final List<String> signatures;
    private final boolean isStatic;
    private final Double tau;
    private final boolean hasTauInput;
    private final Double u;
    private final List<DialStep> steps;
    private final ModelInput input;
    private final int[] predictionsShape;
    private final boolean hasDecisions;
    private final List<String> labels;
    private final List<Gate> gates;
    private final int columns;
    private final Macs macs;
    private final List<MacsProduct> products;

    private ModelMetadata(Builder builder) {
        sha256 = builder.sha256;
        fileBytes = builder.fileBytes;
        model = builder.model;
        lowering = builder.lowering;
        quantization = builder.quantization;
        runtime = builder.runtime;
        sourceSha256 = builder.sourceSha256;
        signatures = unmodifiable(builder.signatures);
        isStatic = builder.isStatic;
        tau = builder.tau;
        hasTauInput = builder.hasTauInput;
        u = builder.u;
        steps = unmodifiable(builder.steps);
        input = builder.input;
        predictionsShape = builder.predictionsShape.clone();
        hasDecisions = builder.hasDecisions;
        labels = unmodifiable(builder.labels);
        gates = unmodifiable(builder.gates);
        columns = builder.columns;
        macs = builder.macs;
        products = unmodifiable(builder.products);
    }

    /** SHA-256 of the whole file, in hexadecimal. */
    public String sha256() {
        return sha256;
    }

    /** Size of the file in bytes. */
    public long fileBytes() {
        return fileBytes;
    }

    /** Name of the Keras model. */
    public String model() {
        return model;
    }

    /** How the network was lowered, such as "conditional" or "dense". */
    public String lowering() {
        return lowering;
    }

    /** How it was quantized, such as "none" or "dynamic". */
    public String quantization() {
        return quantization;
    }

    /** The oldest runtime that it was converted for, "latest" or "2.16"; null if not known. */
    public String runtime() {
        return runtime;
    }

    /** SHA-256 of the .keras file that it was converted from; null if not known. */
    public String sourceSha256() {
        return sourceSha256;
    }

    /** Names of the file's signatures; this document is about the first. */
    public List<String> signatures() {
        return signatures;
    }

    /** Whether the file was made by {@code tflite.static}: the closed parts are not in it. */
    public boolean isStatic() {
        return isStatic;
    }

    /** The file's threshold τ in (0, 1); with an input, a proposal for it; null without one. */
    public Double tau() {
        return tau;
    }

    /** Whether τ is an input of the file. */
    public boolean hasTauInput() {
        return hasTauInput;
    }

    /** The file's proposal for the input u; null without one. */
    public Double u() {
        return u;
    }

    /** Whether the control u is an input of the file. */
    public boolean hasUInput() {
        return u != null;
    }

    /** The input that a caller may set; null if there is none. */
    public Dial dial() {
        if (hasUInput()) {
            return Dial.U;
        }
        return hasTauInput ? Dial.TAU : null;
    }

    /** What an image costs over u, in rising order of u; null where not u alone says. */
    public List<DialStep> steps() {
        return steps;
    }

    /** The input image. */
    public ModelInput input() {
        return input;
    }

    /** Shape of the output {@code predictions}: [1, classes]. */
    public int[] predictionsShape() {
        return predictionsShape.clone();
    }

    /** Whether the file tells its decisions. */
    public boolean hasDecisions() {
        return hasDecisions;
    }

    /** Names of the classes; null if not known. */
    public List<String> labels() {
        return labels;
    }

    /** The gates in network order; empty for a network without. */
    public List<Gate> gates() {
        return gates;
    }

    /** All components of all gates, in network order. */
    public List<Component> components() {
        List<Component> components = new ArrayList<Component>();
        for (Gate gate : gates) {
            components.addAll(gate.components());
        }
        return components;
    }

    /** Number of columns of the output {@code decisions}: of undecided components. */
    public int undecided() {
        return columns;
    }

    /** Multiply-accumulates per image. */
    public Macs macs() {
        return macs;
    }

    /**
     * Decisions of all components, those that are decided in the file included. What lies behind a
     * closed early exit does not run: its decisions are 0.
     *
     * @param decisions the output {@code decisions} of one image; null if not known.
     * @return 0 and 1, in network order; null for a network without gates, or where undecided ones
     *     are not known.
     * @throws IllegalArgumentException there are more or fewer decisions than columns.
     */
    public float[] allDecisions(float[] decisions) {
        checkLength(decisions);
        List<Component> components = components();
        if (components.isEmpty() || (decisions == null && columns > 0)) {
            return null;
        }
        float[] all = new float[components.size()];
        for (int i = 0; i < all.length; i++) {
            Component component = components.get(i);
            all[i] = component.isUndecided() ? decisions[component.index()] : component.decided();
        }
        return reached(all);
    }

    private float[] reached(float[] decisions) {
        float[] reached = decisions.clone();
        int start = 0;
        for (Gate gate : gates) {
            int end = start + gate.components().size();
            for (int exit : gate.behind()) {
                if (decisions[exit] == 0.0f) {
                    Arrays.fill(reached, start, end, 0.0f);
                }
            }
            start = end;
        }
        return reached;
    }

    /**
     * MACs that the file executes for one image.
     *
     * @param decisions the output {@code decisions}; null if not known.
     * @param u the control in [0, 1], for a file with an input u; null takes the file's own.
     * @return null where it depends on decisions that are not known.
     * @throws IllegalArgumentException there are more or fewer decisions than columns, or u is
     *     out of its range.
     */
    public Double executedMacs(float[] decisions, Double u) {
        checkLength(decisions);
        if (hasUInput()) {
            double control = u == null ? this.u : Checks.within(0.0, 1.0, u, "u");
            if (steps != null) {
                return macsAt(control);
            }
        }
        if (macs.allOpen() == macs.allClosed()) {
            return macs.allClosed();
        }
        if (decisions == null) {
            return null;
        }
        return products == null ? macsOfComponents(decisions) : macsOfProducts(decisions);
    }

    private double macsAt(double u) {
        double executed = steps.get(0).macs();
        for (DialStep step : steps) {
            if (step.from() <= u) {
                executed = step.macs();
            }
        }
        return executed;
    }

    /** Before version 3 of the schema: every component's MACs run with it. */
    private double macsOfComponents(float[] decisions) {
        double switched = 0.0;
        for (Component component : components()) {
            if (component.isUndecided()) {
                switched += decisions[component.index()] * component.macs();
            }
        }
        return macs.allClosed() + switched;
    }

    private double macsOfProducts(float[] decisions) {
        double executed = macs.allClosed();
        for (MacsProduct product : products) {
            executed += product.executed(decisions);
        }
        return executed;
    }

    private void checkLength(float[] decisions) {
        if (decisions != null && decisions.length != columns) {
            throw Checks.expected("decisions", columns + " numbers", decisions.length);
        }
    }

    private static <T> List<T> unmodifiable(List<T> list) {
        return list == null ? null : Collections.unmodifiableList(new ArrayList<T>(list));
    }

    /** What {@link MetadataParser} puts together. */
    static final class Builder {
        String sha256;
        long fileBytes;
        String model;
        String lowering;
        String quantization;
        String runtime;
        String sourceSha256;
        List<String> signatures;
        boolean isStatic;
        Double tau;
        boolean hasTauInput;
        Double u;
        List<DialStep> steps;
        ModelInput input;
        int[] predictionsShape;
        boolean hasDecisions;
        List<String> labels;
        List<Gate> gates;
        int columns;
        Macs macs;
        List<MacsProduct> products;

        ModelMetadata build() {
            return new ModelMetadata(this);
        }
    }
}
