package org.tfgate.demo.app.bench;

import android.os.Handler;
import android.os.Looper;
import android.os.Process;

/** Android, for runs. */
public final class AndroidPlatform implements BenchPlatform, HeadlessRun.Timer {
    private final Handler handler = new Handler(Looper.getMainLooper());

    @Override
    public void post(Runnable task) {
        handler.post(task);
    }

    @Override
    public void later(Runnable task, long millis) {
        handler.postDelayed(task, millis);
    }

    @Override
    public void prioritize() {
        // The runtime's own threads take it over from the one that makes them.
        Process.setThreadPriority(Process.THREAD_PRIORITY_URGENT_DISPLAY);
    }

    @Override
    public long dateMillis() {
        return System.currentTimeMillis();
    }
}
