package org.tfgate.demo.app.tryout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tfgate.demo.R;
import org.tfgate.demo.app.chart.BlockStrip;
import org.tfgate.demo.app.screen.Formats;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.core.metadata.Component;
import org.tfgate.demo.core.metadata.Gate;
import org.tfgate.demo.core.metadata.GateDecision;
import org.tfgate.demo.core.metadata.ModelMetadata;

/** An outcome in words, and as a strip of blocks. */
final class TryReport {
    private static final int TOP = 5;

    private final TryOutcome outcome;
    private final ModelMetadata metadata;
    private final Texts texts;
    private final Formats formats;

    TryReport(TryOutcome outcome, Texts texts) {
        this.outcome = outcome;
        this.texts = texts;
        metadata = outcome.request.model.metadata();
        formats = new Formats(texts);
    }

    /** The classes with the highest predictions, a line each. */
    String classes() {
        StringBuilder lines = new StringBuilder();
        boolean shares = areProbabilities(outcome.predictions);
        int place = 1;
        for (int index : highest(outcome.predictions, TOP)) {
            double value = outcome.predictions[index];
            lines.append(lines.length() == 0 ? "" : "\n");
            lines.append(
                    texts.get(
                            R.string.try_class, place++, label(index),
                            shares ? formats.percent(value) : formats.ratio(value)));
        }
        return lines.toString();
    }

    String latency() {
        return texts.get(R.string.try_latency, formats.milliseconds(outcome.nanos / 1e6));
    }

    /** How much was executed; null if that is not known. */
    String macs() {
        Double executed =
                metadata.executedMacs(
                        outcome.decisions,
                        metadata.hasUInput() ? Double.valueOf((float) outcome.request.u) : null);
        if (executed == null) {
            return null;
        }
        double dense = metadata.macs().dense();
        return texts.get(
                R.string.try_macs, formats.macs(executed), formats.macs(dense),
                formats.percent(executed / dense));
    }

    /** The blocks; null for a network without gates. */
    BlockStrip strip() {
        if (metadata.gates().isEmpty()) {
            return null;
        }
        List<GateDecision> decisions = GateDecision.of(metadata, outcome.decisions);
        double dense = metadata.macs().dense();
        List<BlockStrip.Cell> cells = new ArrayList<BlockStrip.Cell>();
        double always = metadata.macs().allClosed() / dense;
        cells.add(
                new BlockStrip.Cell(
                        texts.get(R.string.strip_always), formats.percent(always), always, 1.0));
        for (int i = 0; i < metadata.gates().size(); i++) {
            Gate gate = metadata.gates().get(i);
            double share = macs(gate) / dense;
            String note = formats.percent(share);
            if (gate.components().size() > 1 && decisions != null) {
                note =
                        texts.get(
                                R.string.strip_part, decisions.get(i).open(),
                                gate.components().size(), note);
            }
            cells.add(
                    new BlockStrip.Cell(
                            name(gate), note, share,
                            decisions == null ? null : Double.valueOf(decisions.get(i).share())));
        }
        return new BlockStrip(cells);
    }

    /** Whether the strip shows what ran: there are gates, and their decisions are known. */
    boolean tellsBlocks() {
        return !metadata.gates().isEmpty() && GateDecision.of(metadata, outcome.decisions) != null;
    }

    /** The strip in words. */
    String stripText() {
        if (metadata.gates().isEmpty()) {
            return texts.get(R.string.strip_no_gates);
        }
        List<GateDecision> decisions = GateDecision.of(metadata, outcome.decisions);
        if (decisions == null) {
            return texts.get(R.string.strip_unknown);
        }
        List<String> ran = new ArrayList<String>();
        List<String> skipped = new ArrayList<String>();
        for (GateDecision decision : decisions) {
            int all = decision.gate().components().size();
            if (decision.open() == 0) {
                skipped.add(name(decision.gate()));
            } else if (decision.open() == all) {
                ran.add(name(decision.gate()));
            } else {
                ran.add(
                        texts.get(
                                R.string.strip_some, name(decision.gate()), decision.open(),
                                all));
            }
        }
        return texts.get(R.string.strip_ran, list(ran)) + "\n"
                + texts.get(R.string.strip_skipped, list(skipped));
    }

    private String list(List<String> names) {
        if (names.isEmpty()) {
            return texts.get(R.string.strip_none);
        }
        StringBuilder text = new StringBuilder();
        for (String name : names) {
            text.append(text.length() == 0 ? "" : ", ").append(name);
        }
        return text.toString();
    }

    /** The block's name, or the gate's where the block has several. */
    private String name(Gate gate) {
        Set<String> seen = new HashSet<String>();
        for (Gate each : metadata.gates()) {
            if (!seen.add(each.block()) && each.block().equals(gate.block())) {
                return gate.name();
            }
        }
        return gate.block();
    }

    private String label(int index) {
        List<String> labels = metadata.labels();
        return labels != null && index < labels.size()
                ? labels.get(index)
                : texts.get(R.string.try_unnamed_class, index);
    }

    private static double macs(Gate gate) {
        double macs = 0.0;
        for (Component component : gate.components()) {
            macs += component.macs();
        }
        return macs;
    }

    private static boolean areProbabilities(float[] predictions) {
        double sum = 0.0;
        for (float prediction : predictions) {
            if (prediction < 0.0f || prediction > 1.0f) {
                return false;
            }
            sum += prediction;
        }
        return Math.abs(sum - 1.0) < 0.01;
    }

    /** Numbers of the highest predictions, the highest first. */
    static List<Integer> highest(float[] predictions, int count) {
        boolean[] taken = new boolean[predictions.length];
        Integer[] best = new Integer[Math.min(count, predictions.length)];
        for (int place = 0; place < best.length; place++) {
            int next = -1;
            for (int i = 0; i < predictions.length; i++) {
                if (!taken[i] && (next < 0 || predictions[i] > predictions[next])) {
                    next = i;
                }
            }
            taken[next] = true;
            best[place] = next;
        }
        return Collections.unmodifiableList(Arrays.asList(best));
    }
}
