package org.tfgate.demo.app.screen;

import android.os.Looper;
import org.tfgate.demo.app.bench.AndroidPlatform;
import org.tfgate.demo.app.bench.BenchPlatform;

/** Android, for runs that are shown: a run waits until its news are drawn, then it goes on. */
public final class DrawnPlatform implements BenchPlatform {
    private final Tasks tasks;
    private final AndroidPlatform android = new AndroidPlatform();

    public DrawnPlatform(Tasks tasks) {
        this.tasks = tasks;
    }

    @Override
    public void post(Runnable task) {
        if (Looper.myLooper() == Looper.getMainLooper()) {
            android.post(task);
        } else {
            tasks.screenAndWait(task);
        }
    }

    @Override
    public void prioritize() {
        android.prioritize();
    }

    @Override
    public long dateMillis() {
        return android.dateMillis();
    }
}
