package org.tfgate.demo.core.run;

import java.util.Locale;

/** Why a run ended. */
public enum StopReason {
    /** All that was planned is done. */
    COMPLETED,
    /** {@link StopSignal#stop} was called, or the thread was interrupted. */
    STOPPED,
    /** The plan's time was used up. */
    TIME_LIMIT,
    /** The device was too hot for longer than the plan waits. */
    TOO_HOT,
    /** No configuration was left that could be run. */
    ALL_FAILED;

    /** The name in result documents, such as "time_limit"; a run of which all failed has none. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
