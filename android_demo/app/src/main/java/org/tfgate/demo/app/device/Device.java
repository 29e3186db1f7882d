package org.tfgate.demo.app.device;

import android.content.Context;
import android.content.Intent;
import android.content.IntentFilter;
import android.content.pm.ApplicationInfo;
import android.os.BatteryManager;
import android.os.Build;
import android.os.PowerManager;
import android.os.Process;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.tfgate.demo.BuildConfig;
import org.tfgate.demo.core.device.DeviceFacts;
import org.tfgate.demo.core.device.DeviceState;
import org.tfgate.demo.core.device.ThermalStatus;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.run.ThermalSource;
import org.tfgate.demo.tflite.TfliteEngine;

/** The phone: facts that stay, and its state. May be used by any thread. */
public final class Device implements ThermalSource, DeviceProbe {
    private static final File CORES = new File("/sys/devices/system/cpu");

    private final Context context;
    private final PowerManager power;
    private final CpuFrequencies frequencies;

    public Device(Context context) {
        this.context = context.getApplicationContext();
        power = (PowerManager) this.context.getSystemService(Context.POWER_SERVICE);
        frequencies = new CpuFrequencies(CORES, Runtime.getRuntime().availableProcessors());
    }

    @Override
    public DeviceFacts facts(boolean xnnpack) throws EngineException {
        List<String> delegates = new ArrayList<String>();
        if (xnnpack) {
            delegates.add("xnnpack");
        }
        return DeviceFacts.builder(model(), abi(), frequencies.cores())
                .manufacturer(Names.known(Build.MANUFACTURER, Build.UNKNOWN))
                .soc(soc())
                .android(Build.VERSION.RELEASE, Build.VERSION.SDK_INT)
                .runtime(TfliteEngine.RUNTIME, TfliteEngine.runtimeVersion(), delegates)
                .app(BuildConfig.VERSION_NAME, BuildConfig.COMMIT, isDebuggable())
                .build();
    }

    @Override
    public DeviceState state() {
        DeviceState.Builder state =
                DeviceState.builder()
                        .powerSave(power.isPowerSaveMode())
                        .coreMhz(frequencies.current());
        if (tellsThermalStatus()) {
            state.thermalStatus(status());
        }
        // The last broadcast is kept for those who ask: no receiver is needed.
        Intent battery =
                context.registerReceiver(null, new IntentFilter(Intent.ACTION_BATTERY_CHANGED));
        if (battery != null) {
            BatteryReading.put(
                    state,
                    battery.getIntExtra(BatteryManager.EXTRA_LEVEL, -1),
                    battery.getIntExtra(BatteryManager.EXTRA_SCALE, -1),
                    battery.getIntExtra(BatteryManager.EXTRA_TEMPERATURE, Integer.MIN_VALUE),
                    battery.getIntExtra(BatteryManager.EXTRA_STATUS, -1),
                    battery.getIntExtra(BatteryManager.EXTRA_PLUGGED, -1));
        }
        return state.build();
    }

    /** Whether this version of Android tells how hot the device is. */
    public boolean tellsThermalStatus() {
        return Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q;
    }

    /** How hot the device is; NONE where Android does not tell, see {@link #tellsThermalStatus}. */
    @Override
    public ThermalStatus status() {
        return Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q
                ? ThermalApi29.status(power)
                : ThermalStatus.NONE;
    }

    /** Whether the app can be debugged, which makes its Java code slower. */
    public boolean isDebuggable() {
        return (context.getApplicationInfo().flags & ApplicationInfo.FLAG_DEBUGGABLE) != 0;
    }

    private static String model() {
        String model = Names.known(Build.MODEL, "");
        return model == null ? Build.UNKNOWN : model;
    }

    /** The ABI of this process, which need not be the device's first. */
    private static String abi() {
        return Process.is64Bit()
                ? Build.SUPPORTED_64_BIT_ABIS[0]
                : Build.SUPPORTED_32_BIT_ABIS[0];
    }

    private static String soc() {
        return Build.VERSION.SDK_INT >= Build.VERSION_CODES.S
                ? SocApi31.name()
                : null;
    }
}
