package org.tfgate.demo.core.control;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;
import org.tfgate.demo.core.json.JsonWriter;

/**
 * All that a {@link BudgetController} remembers; immutable. It survives a restart of the app as
 * JSON, in the form of {@code tfgate.control}. Times in it are those of the controller's clock.
 */
public final class ControllerState {
    private static final int VERSION = 1;

    private final Double time;
    private final double u;
    private final double target;
    private final double reference;
    private final ThermalStatus thermalStatus;
    private final Double thermalTime;
    private final Map<String, LoopState> loops;

    ControllerState(
            Double time, double u, double target, double reference, ThermalStatus thermalStatus,
            Double thermalTime, Map<String, LoopState> loops) {
        this.time = time;
        this.u = u;
        this.target = target;
        this.reference = reference;
        this.thermalStatus = thermalStatus;
        this.thermalTime = thermalTime;
        this.loops = Collections.unmodifiableMap(new LinkedHashMap<String, LoopState>(loops));
    }

    /** Seconds of the last call; null before the first. */
    public Double time() {
        return time;
    }

    /** What the last call returned. */
    public double u() {
        return u;
    }

    /** Where u goes. */
    public double target() {
        return target;
    }

    /** What became of the loops' outputs. */
    public double reference() {
        return reference;
    }

    /** The last status; null in a controller without thermal ceilings. */
    public ThermalStatus thermalStatus() {
        return thermalStatus;
    }

    /** When the status came, in seconds; null before the first call, or without ceilings. */
    public Double thermalTime() {
        return thermalTime;
    }

    /** The loops' states, by "latency", "battery" and "confidence", in that order. */
    public Map<String, LoopState> loops() {
        return loops;
    }

    /** Writes this as JSON; {@link #read} reads it again, without a change of a bit. */
    public void write(JsonWriter json) {
        json.beginObject();
        json.name("version").value(VERSION).name("time").value(time);
        json.name("u").value(u).name("target").value(target);
        json.name("reference").value(reference).name("thermal");
        if (thermalStatus == null) {
            json.nullValue();
        } else {
            json.beginObject().name("status").value(thermalStatus.ordinal());
            json.name("time").value(thermalTime).endObject();
        }
        json.name("loops").beginObject();
        for (Map.Entry<String, LoopState> loop : loops.entrySet()) {
            json.name(loop.getKey());
            loop.getValue().write(json);
        }
        json.endObject().endObject();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws JsonException a member is unknown, missing or of another type.
     * @throws IllegalArgumentException a value is one that no state has.
     */
    public static ControllerState read(JsonObject json) throws JsonException {
        json.requireKeys(
                true, "version", "time", "u", "target", "reference", "thermal", "loops");
        String path = json.path() + ".";
        if (json.integer("version") != VERSION) {
            throw Checks.expected(path + "version", "" + VERSION, json.integer("version"));
        }
        ThermalStatus status = null;
        Double thermalTime = null;
        if (json.has("thermal")) {
            JsonObject thermal = json.object("thermal").requireKeys(true, "status", "time");
            status = ThermalStatus.of(thermal.integer("status"), path + "thermal.status");
            thermalTime = thermal.numberOrNull("time");
        }
        Map<String, LoopState> loops = new LinkedHashMap<String, LoopState>();
        JsonObject written = json.object("loops");
        for (String name : written.keys()) {
            loops.put(name, LoopState.read(written.object(name)));
        }
        return new ControllerState(
                json.numberOrNull("time"),
                json.number("u"),
                json.number("target"),
                json.number("reference"),
                status,
                thermalTime,
                loops);
    }
}
