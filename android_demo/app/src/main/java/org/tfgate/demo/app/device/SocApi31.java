package org.tfgate.demo.app.device;

import android.annotation.TargetApi;
import android.os.Build;

/** The system on a chip, which Android tells since API level 31. */
@TargetApi(Build.VERSION_CODES.S)
final class SocApi31 {
    private SocApi31() {}

    /** Maker and model, such as "Qualcomm SM8550"; null if the device does not tell. */
    static String name() {
        return Names.joined(
                Names.known(Build.SOC_MANUFACTURER, Build.UNKNOWN),
                Names.known(Build.SOC_MODEL, Build.UNKNOWN));
    }
}
