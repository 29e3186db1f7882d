package org.tfgate.demo.core.run;

import org.tfgate.demo.core.device.ThermalStatus;

/** Tells the thermal status of the device. */
public interface ThermalSource {
    /** The status now. */
    ThermalStatus status();
}
