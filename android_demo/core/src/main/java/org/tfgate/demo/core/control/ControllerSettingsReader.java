package org.tfgate.demo.core.control;

import org.tfgate.demo.core.json.JsonException;
import org.tfgate.demo.core.json.JsonObject;

/**
 * Settings as JSON has them, with the names of {@code docs/control.md}; what is missing, or null,
 * has its default.
 */
public final class ControllerSettingsReader {
    private static final String[] LOOP = {
        "proportional_gain", "integral_gain", "filter_seconds", "tolerance", "hold_seconds",
        "tracking_seconds"
    };

    private ControllerSettingsReader() {}

    /**
     * @throws JsonException a member is unknown, missing or of another type.
     * @throws IllegalArgumentException a value is out of its range.
     */
    public static ControllerSettings read(JsonObject json) throws JsonException {
        json.requireKeys(
                false, "latency", "battery", "confidence", "thermal", "lower_limit", "upper_limit",
                "rise_per_second", "fall_per_second", "dead_band", "safe_u", "initial_u");
        ControllerSettings.Builder builder = ControllerSettings.builder();
        if (json.has("latency")) {
            builder.latency(latency(json.object("latency")));
        }
        if (json.has("battery")) {
            builder.battery(battery(json.object("battery")));
        }
        if (json.has("confidence")) {
            builder.confidence(confidence(json.object("confidence")));
        }
        if (json.has("thermal")) {
            builder.thermal(thermal(json.object("thermal")));
        }
        limits(json, builder);
        return builder.build();
    }

    private static void limits(JsonObject json, ControllerSettings.Builder builder)
            throws JsonException {
        if (json.has("lower_limit")) {
            builder.lowerLimit(json.number("lower_limit"));
        }
        if (json.has("upper_limit")) {
            builder.upperLimit(json.number("upper_limit"));
        }
        if (json.has("rise_per_second")) {
            builder.risePerSecond(json.number("rise_per_second"));
        }
        if (json.has("fall_per_second")) {
            builder.fallPerSecond(json.number("fall_per_second"));
        }
        if (json.has("dead_band")) {
            builder.deadBand(json.number("dead_band"));
        }
        if (json.has("safe_u")) {
            builder.safeU(json.number("safe_u"));
        }
        if (json.has("initial_u")) {
            builder.initialU(json.number("initial_u"));
        }
    }

    private static LatencyTarget latency(JsonObject json) throws JsonException {
        json.requireKeys(false, with("target_ms"));
        return new LatencyTarget(
                json.number("target_ms"), loop(json, LatencyTarget.loopBuilder()));
    }

    private static BatteryPlan battery(JsonObject json) throws JsonException {
        json.requireKeys(false, with("start_time", "end_time", "start_share", "end_share"));
        Double startShare = json.numberOrNull("start_share");
        Double endShare = json.numberOrNull("end_share");
        return new BatteryPlan(
                json.number("start_time"),
                json.number("end_time"),
                startShare == null ? BatteryPlan.DEFAULT_START_SHARE : startShare,
                endShare == null ? BatteryPlan.DEFAULT_END_SHARE : endShare,
                loop(json, BatteryPlan.loopBuilder()));
    }

    private static ConfidenceTarget confidence(JsonObject json) throws JsonException {
        json.requireKeys(false, with("target"));
        return new ConfidenceTarget(
                json.number("target"), loop(json, ConfidenceTarget.loopBuilder()));
    }

    private static ThermalCeilings thermal(JsonObject json) throws JsonException {
        json.requireKeys(false, "ceilings", "hold_seconds");
        double[] ceilings =
                json.has("ceilings") ? json.numbers("ceilings") : ThermalCeilings.defaults();
        return json.has("hold_seconds")
                ? new ThermalCeilings(ceilings, json.number("hold_seconds"))
                : new ThermalCeilings(ceilings);
    }

    private static LoopSettings loop(JsonObject json, LoopSettings.Builder builder)
            throws JsonException {
        if (json.has("proportional_gain")) {
            builder.proportionalGain(json.number("proportional_gain"));
        }
        if (json.has("integral_gain")) {
            builder.integralGain(json.number("integral_gain"));
        }
        if (json.has("filter_seconds")) {
            builder.filterSeconds(json.number("filter_seconds"));
        }
        if (json.has("tolerance")) {
            builder.tolerance(json.number("tolerance"));
        }
        if (json.has("hold_seconds")) {
            builder.holdSeconds(json.number("hold_seconds"));
        }
        if (json.has("tracking_seconds")) {
            builder.trackingSeconds(json.number("tracking_seconds"));
        }
        return builder.build();
    }

    private static String[] with(String... own) {
        String[] keys = new String[own.length + LOOP.length];
        System.arraycopy(own, 0, keys, 0, own.length);
        System.arraycopy(LOOP, 0, keys, own.length, LOOP.length);
        return keys;
    }
}
