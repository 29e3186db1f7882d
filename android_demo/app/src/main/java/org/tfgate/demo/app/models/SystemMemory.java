package org.tfgate.demo.app.models;

import android.app.ActivityManager;
import android.content.Context;

/** The device's memory. */
public final class SystemMemory implements MemoryGauge {
    private final ActivityManager manager;

    public SystemMemory(Context context) {
        manager = (ActivityManager) context.getSystemService(Context.ACTIVITY_SERVICE);
    }

    @Override
    public long availableBytes() {
        ActivityManager.MemoryInfo information = new ActivityManager.MemoryInfo();
        manager.getMemoryInfo(information);
        return Math.max(0, information.availMem - information.threshold);
    }
}
