package org.tfgate.demo.app.device;

import android.annotation.TargetApi;
import android.os.Build;
import android.os.PowerManager;
import org.tfgate.demo.core.device.ThermalStatus;

/** How hot the device is, which Android tells since API level 29. */
@TargetApi(Build.VERSION_CODES.Q)
final class ThermalApi29 {
    private ThermalApi29() {}

    static ThermalStatus status(PowerManager power) {
        return ThermalStatus.of(power.getCurrentThermalStatus());
    }
}
