package org.tfgate.demo.core.control;

import java.util.LinkedHashMap;
import java.util.Map;
import org.tfgate.demo.core.Checks;
import org.tfgate.demo.core.device.ThermalStatus;

/**
 * Sets u in [0, 1], how much of itself a network runs, from measured signals.
 *
 * <p>Every signal with a set point has a PI loop, the thermal status a table of ceilings. The
 * lowest of what they ask for wins; limits, a dead band and a limit on the rate of change follow.
 * Loops that don't win, or whose output is limited, follow the output by back-calculation, so no
 * integral winds up. {@code docs/control.md} is the exact definition.
 *
 * <p>Time is an argument of every call: seconds on any clock that never goes back, such as {@code
 * SystemClock.elapsedRealtime() / 1000.0}. Not safe for use by several threads at once.
 */
@SuppressWarnings("strictfp") // Needed by Java before 17, and on phones.
public final strictfp class BudgetController {
    private static final String LATENCY = "latency";
    private static final String BATTERY = "battery";
    private static final String CONFIDENCE = "confidence";

    private final ControllerSettings settings;
    private final Map<String, PiLoop> loops;
    private Double time;
    private double u;
    private double target;
    private double reference;
    private ThermalStatus thermalStatus = ThermalStatus.NONE;
    private Double thermalTime;

    /** A controller that was not called yet. */
    public BudgetController(ControllerSettings settings) {
        this.settings = settings;
        loops = newLoops(settings);
        u = settings.initialU();
        target = u;
        reference = u;
    }

    /** What the last call of {@link #update} returned; before that, the initial u. */
    public double u() {
        return u;
    }

    /** Where u goes, as fast as its rate of change is limited to. */
    public double target() {
        return target;
    }

    /**
     * Takes what was measured since the last call and returns u.
     *
     * @param time seconds, not before the last call.
     * @param measured what was measured since then.
     * @return u, between the limits.
     * @throws IllegalArgumentException a number is out of its range, not finite, before the last
     *     call, or of a signal that the controller does not have. Nothing changes then.
     */
    public double update(double time, Measurements measured) {
        Checks.finite(time, "time");
        if (this.time != null) {
            Checks.atLeast(this.time, time, "time");
        }
        check(LATENCY, "latency_ms", measured.latencyMs());
        check(BATTERY, "battery_share", measured.batteryShare());
        check(CONFIDENCE, "confidence", measured.confidence());
        ThermalStatus status = checkedStatus(measured.thermalStatus());
        if (this.time == null) {
            start(time);
        }
        step(LATENCY, time, measured.latencyMs());
        step(BATTERY, time, measured.batteryShare());
        step(CONFIDENCE, time, measured.confidence());
        if (status != null) {
            thermalStatus = status;
            thermalTime = time;
        }
        select(time);
        move(time);
        return u;
    }

    /** All that the controller remembers. */
    public ControllerState state() {
        Map<String, LoopState> states = new LinkedHashMap<String, LoopState>();
        for (Map.Entry<String, PiLoop> loop : loops.entrySet()) {
            states.put(loop.getKey(), loop.getValue().state());
        }
        boolean thermal = settings.thermal() != null;
        return new ControllerState(
                time,
                u,
                target,
                reference,
                thermal ? thermalStatus : null,
                thermal ? thermalTime : null,
                states);
    }

    /**
     * Continues from what {@link #state} returned in a controller of equal settings. After a
     * restart of the clock make a new controller with the old u as its initial u instead.
     *
     * @throws IllegalArgumentException the state is none of this controller. Nothing changes then.
     */
    public void restore(ControllerState state) {
        checkLimits(state.u(), "state.u");
        checkLimits(state.target(), "state.target");
        checkLimits(state.reference(), "state.reference");
        if (state.time() != null) {
            Checks.finite(state.time(), "state.time");
        }
        if (!state.loops().keySet().equals(loops.keySet())) {
            throw Checks.expected(
                    "state.loops", "those of " + loops.keySet(), state.loops().keySet());
        }
        for (Map.Entry<String, LoopState> loop : state.loops().entrySet()) {
            checkOrder(
                    loop.getValue().time(), state.time(),
                    "state.loops." + loop.getKey() + ".time");
        }
        if ((state.thermalStatus() != null) != (settings.thermal() != null)) {
            throw Checks.expected(
                    "state.thermal", "null if there are no ceilings, and only then",
                    state.thermalStatus());
        }
        if (settings.thermal() != null) {
            checkOrder(state.thermalTime(), state.time(), "state.thermal.time");
        }
        take(state);
    }

    private void take(ControllerState state) {
        for (Map.Entry<String, PiLoop> loop : loops.entrySet()) {
            loop.getValue().restore(state.loops().get(loop.getKey()));
        }
        time = state.time();
        u = state.u();
        target = state.target();
        reference = state.reference();
        boolean thermal = settings.thermal() != null;
        thermalStatus = thermal ? state.thermalStatus() : ThermalStatus.NONE;
        thermalTime = state.thermalTime();
    }

    private void check(String name, String argument, Double measurement) {
        if (measurement == null) {
            return;
        }
        PiLoop loop = loops.get(name);
        if (loop == null) {
            throw notConfigured(argument, name, measurement);
        }
        loop.signal().check(measurement);
    }

    private ThermalStatus checkedStatus(Integer status) {
        if (status == null) {
            return null;
        }
        if (settings.thermal() == null) {
            throw notConfigured("thermal_status", "thermal", status);
        }
        return ThermalStatus.of(status);
    }

    private void start(double time) {
        this.time = time;
        thermalTime = time;
        for (PiLoop loop : loops.values()) {
            loop.start(time);
        }
    }

    private void step(String name, double time, Double measurement) {
        PiLoop loop = loops.get(name);
        if (loop == null) {
            return;
        }
        if (measurement != null) {
            loop.measure(time, measurement, u, reference);
        } else if (loop.isExpired(time)) {
            loop.expire(settings.safeU());
        }
    }

    /** The lowest demand, between the limits, becomes the target if it is far enough. */
    private void select(double time) {
        double lowest = settings.lowerLimit();
        double highest = Math.max(lowest, Math.min(settings.upperLimit(), ceiling(time)));
        double selected = highest;
        boolean expired = false;
        for (PiLoop loop : loops.values()) {
            selected = Math.min(selected, loop.output());
            expired |= loop.isExpired(time);
        }
        selected = Math.max(lowest, selected);
        if (Math.abs(selected - target) >= settings.deadBand()
                || selected == lowest
                || selected == highest
                || target > highest
                || expired) {
            target = selected;
        }
        reference = selected;
    }

    /** What the thermal status allows; the safe end, if it came too long ago. */
    private double ceiling(double time) {
        ThermalCeilings thermal = settings.thermal();
        if (thermal == null) {
            return 1.0;
        }
        if (time - thermalTime > thermal.holdSeconds()) {
            return settings.safeU();
        }
        return thermal.ceiling(thermalStatus);
    }

    /** Moves u towards the target, as far as the time since the last call allows. */
    private void move(double time) {
        double seconds = time - this.time;
        if (target > u) {
            u = Math.min(target, u + (settings.risePerSecond() * seconds));
        } else {
            u = Math.max(target, u - (settings.fallPerSecond() * seconds));
        }
        if (u != target) {
            reference = u;
        }
        this.time = time;
    }

    private void checkLimits(double value, String name) {
        Checks.within(settings.lowerLimit(), settings.upperLimit(), value, name);
    }

    /** Times are all null before the first call, and none is after the last. */
    private static void checkOrder(Double earlier, Double later, String name) {
        boolean both = earlier != null && later != null;
        if (earlier == null && later == null || both && earlier <= later) {
            return;
        }
        throw Checks.expected(name, "not after state.time = " + later, earlier);
    }

    private static Map<String, PiLoop> newLoops(ControllerSettings settings) {
        Map<String, PiLoop> loops = new LinkedHashMap<String, PiLoop>();
        put(loops, LATENCY, settings.latency(), settings);
        put(loops, BATTERY, settings.battery(), settings);
        put(loops, CONFIDENCE, settings.confidence(), settings);
        return loops;
    }

    private static void put(
            Map<String, PiLoop> loops, String name, SetPoint signal, ControllerSettings settings) {
        if (signal != null) {
            loops.put(name, new PiLoop(signal, settings.initialU()));
        }
    }

    private static IllegalArgumentException notConfigured(
            String argument, String name, Object got) {
        return Checks.expected(argument, "left out, for the controller has no " + name, got);
    }
}
