package org.tfgate.demo.core.device;

import org.tfgate.demo.core.Checks;

/** A core of the processor and the range of its frequency; immutable. */
public final class CpuCore {
    private final int number;
    private final Integer minimumMhz;
    private final Integer maximumMhz;

    /**
     * @param number the system's number of the core, at least 0.
     * @param minimumMhz lowest frequency in MHz, at least 1; null where the system does not tell.
     * @param maximumMhz highest frequency in MHz, at least the lowest; null where the system does
     *     not tell.
     * @throws IllegalArgumentException a number is out of its range.
     */
    public CpuCore(int number, Integer minimumMhz, Integer maximumMhz) {
        this.number = Checks.atLeast(0, number, "the number of a core");
        if (minimumMhz != null) {
            Checks.atLeast(1, minimumMhz, "the lowest frequency of a core");
        }
        if (maximumMhz != null) {
            int low = minimumMhz == null ? 1 : minimumMhz;
            Checks.atLeast(low, maximumMhz, "the highest frequency of a core");
        }
        this.minimumMhz = minimumMhz;
        this.maximumMhz = maximumMhz;
    }

    /** The system's number of the core. */
    public int number() {
        return number;
    }

    /** Lowest frequency in MHz; null where the system does not tell. */
    public Integer minimumMhz() {
        return minimumMhz;
    }

    /** Highest frequency in MHz; null where the system does not tell. */
    public Integer maximumMhz() {
        return maximumMhz;
    }
}
