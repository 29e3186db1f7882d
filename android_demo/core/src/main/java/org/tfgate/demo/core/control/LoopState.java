package org.tfgate.demo.core.control;

import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonWriter;

/** What a PI loop remembers; immutable. */
public final class LoopState {
    private final Double time;
    private final Double error;
    private final double integral;
    private final double output;

    LoopState(Double time, Double error, double integral, double output) {
        this.time = time;
        this.error = error;
        this.integral = integral;
        this.output = output;
    }

    /**
     * Seconds, of the last measurement; before that, of the controller's first call; null before
     * that.
     */
    public Double time() {
        return time;
    }

    /** The filtered error, in [-1, 1]; null: not started, or missed for too long. */
    public Double error() {
        return error;
    }

    /** The integral part of the output. */
    public double integral() {
        return integral;
    }

    /** The u that the loop asks for, not limited. */
    public double output() {
        return output;
    }

    void write(JsonWriter json) {
        json.beginObject();
        json.name("time").value(time).name("error").value(error);
        json.name("integral").value(integral).name("output").value(output);
        json.endObject();
    }

    static LoopState read(JsonObject json) throws JsonException {
        json.requireKeys(true, "time", "error", "integral", "output");
        String path = json.path() + ".";
        Double time = json.numberOrNull("time");
        Double error = json.numberOrNull("error");
        if (time != null) {
            Checks.finite(time, path + "time");
        }
        if (error != null) {
            Checks.within(-1.0, 1.0, error, path + "error");
        }
        return new LoopState(
                time,
                error,
                Checks.finite(json.number("integral"), path + "integral"),
                Checks.finite(json.number("output"), path + "output"));
    }
}
