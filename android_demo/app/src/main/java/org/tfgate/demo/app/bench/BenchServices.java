package org.tfgate.demo.app.bench;

import org.tfgate.demo.app.device.DeviceProbe;
import org.tfgate.demo.core.run.Clock;
import org.tfgate.demo.core.run.EngineSource;
import org.tfgate.demo.core.run.ThermalSource;

/** What runs need: engines, the device, a place for results; immutable. */
public final class BenchServices {
    final EngineSource engines;
    final ThermalSource thermal;
    final Clock clock;
    final DeviceProbe device;
    final ResultFolder results;
    final BenchPlatform platform;

    /**
     * @param engines opens models by name.
     * @param thermal tells how hot the device is.
     * @param clock counts pauses and limits.
     * @param device is asked before and after a run.
     * @param results where results are written.
     * @param platform the system.
     */
    public BenchServices(
            EngineSource engines, ThermalSource thermal, Clock clock, DeviceProbe device,
            ResultFolder results, BenchPlatform platform) {
        this.engines = engines;
        this.thermal = thermal;
        this.clock = clock;
        this.device = device;
        this.results = results;
        this.platform = platform;
    }
}
