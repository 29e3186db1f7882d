package org.tfgate.demo.core.control;

import org.tfgate.demo.core.device.ThermalStatus;

/**
 * What was measured since the controller's last call; immutable. Whatever was not measured is left
 * out. The ranges are checked by {@link BudgetController#update}.
 *
 * <pre>{@code
 * Measurements.none().withLatencyMs(28.1).withThermalStatus(ThermalStatus.LIGHT)
 * }</pre>
 */
public final class Measurements {
    private static final Measurements NONE = new Measurements(null, null, null, null);

    private final Double latencyMs;
    private final Double batteryShare;
    private final Double confidence;
    private final Integer thermalStatus;

    private Measurements(
            Double latencyMs, Double batteryShare, Double confidence, Integer thermalStatus) {
        this.latencyMs = latencyMs;
        this.batteryShare = batteryShare;
        this.confidence = confidence;
        this.thermalStatus = thermalStatus;
    }

    /** Nothing was measured. */
    public static Measurements none() {
        return NONE;
    }

    /** These and the milliseconds of an inference, > 0. */
    public Measurements withLatencyMs(double value) {
        return new Measurements(value, batteryShare, confidence, thermalStatus);
    }

    /** These and the share of the battery's charge that is left, in [0, 1]. */
    public Measurements withBatteryShare(double value) {
        return new Measurements(latencyMs, value, confidence, thermalStatus);
    }

    /** These and the confidence of a prediction, or the mean of some, in [0, 1]. */
    public Measurements withConfidence(double value) {
        return new Measurements(latencyMs, batteryShare, value, thermalStatus);
    }

    /** These and the thermal status. */
    public Measurements withThermalStatus(ThermalStatus value) {
        return withThermalStatus(value.ordinal());
    }

    /** These and the thermal status as Android gives it, 0 to 6. */
    public Measurements withThermalStatus(int value) {
        return new Measurements(latencyMs, batteryShare, confidence, value);
    }

    Double latencyMs() {
        return latencyMs;
    }

    Double batteryShare() {
        return batteryShare;
    }

    Double confidence() {
        return confidence;
    }

    Integer thermalStatus() {
        return thermalStatus;
    }
}
