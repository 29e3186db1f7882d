package org.tfgate.demo.core.run;

import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.engine.EngineOptions;
import org.tfgate.demo.core.metadata.Dial;

/** A model at one setting: what is measured against others; immutable. */
public final class Configuration {
    private final String model;
    private final EngineOptions options;
    private final Dial dial;
    private final double setting;

    private Configuration(String model, EngineOptions options, Dial dial, double setting) {
        this.model = Checks.notEmpty(model, "model");
        this.options = options;
        this.dial = dial;
        this.setting = setting;
    }

    /** A model without a dial, or as it is: its own setting stays. */
    public static Configuration of(String model, EngineOptions options) {
        return new Configuration(model, options, null, 0.0);
    }

    /**
     * A model at a setting of its dial.
     *
     * @param setting of τ or u, in [0, 1]. u is rounded to a float, as the model gets it: what
     *     runs is decided there by a comparison that a digit more would turn.
     * @throws IllegalArgumentException the setting is out of the range.
     */
    public static Configuration of(
            String model, EngineOptions options, Dial dial, double setting) {
        Checks.within(0.0, 1.0, setting, dial.label());
        return new Configuration(
                model, options, dial, dial == Dial.U ? (double) (float) setting : setting);
    }

    /** The model's name. */
    public String model() {
        return model;
    }

    /** How the engine runs it. */
    public EngineOptions options() {
        return options;
    }

    /** The input that is set; null for none. */
    public Dial dial() {
        return dial;
    }

    /** The threshold τ in [0, 1]; null if that is not set. */
    public Double tau() {
        return dial == Dial.TAU ? Double.valueOf(setting) : null;
    }

    /** The control u in [0, 1]; null if that is not set. */
    public Double u() {
        return dial == Dial.U ? Double.valueOf(setting) : null;
    }

    /** The setting of the dial; null for none. */
    public Double setting() {
        return dial == null ? null : Double.valueOf(setting);
    }

    @Override
    public String toString() {
        return model + (dial == null ? "" : " at " + dial.label() + " = " + setting) + " ("
                + options + ")";
    }
}
