package org.tfgate.demo.app.device;

import org.tfgate.demo.core.device.DeviceFacts;
import org.tfgate.demo.core.device.DeviceState;
import org.tfgate.demo.core.engine.EngineException;

/** Asks the phone about itself. */
public interface DeviceProbe {
    /**
     * What a result says about the phone.
     *
     * @param xnnpack whether XNNPACK was in use.
     * @throws EngineException the runtime does not work on this phone.
     */
    DeviceFacts facts(boolean xnnpack) throws EngineException;

    /** What changes, as it is now. */
    DeviceState state();
}
