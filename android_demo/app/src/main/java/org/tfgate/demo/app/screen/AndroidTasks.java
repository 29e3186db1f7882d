package org.tfgate.demo.app.screen;

import android.os.Handler;
import android.os.Looper;
import android.os.Process;
import android.view.Choreographer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** Android's thread that draws, and one more. */
public final class AndroidTasks implements Tasks {
    // Frames don't come while the screen is off.
    private static final long LONGEST_WAIT_MILLIS = 300;

    private final Handler handler = new Handler(Looper.getMainLooper());
    private final ExecutorService executor =
            Executors.newSingleThreadExecutor(
                    new ThreadFactory() {
                        @Override
                        public Thread newThread(Runnable work) {
                            return urgent(work);
                        }
                    });

    @Override
    public void background(Runnable task) {
        executor.execute(task);
    }

    @Override
    public void alone(Runnable task) {
        urgent(task).start();
    }

    /** As important as drawing; the runtime's own threads take it over. */
    private static Thread urgent(final Runnable work) {
        return new Thread("models") {
            @Override
            public void run() {
                Process.setThreadPriority(Process.THREAD_PRIORITY_URGENT_DISPLAY);
                work.run();
            }
        };
    }

    @Override
    public void screen(Runnable task) {
        handler.post(task);
    }

    @Override
    public void screenAndWait(final Runnable task) {
        final CountDownLatch drawn = new CountDownLatch(1);
        handler.post(new Runnable() {
            @Override
            public void run() {
                task.run();
                countDownAfterFrame(drawn);
            }
        });
        try {
            drawn.await(LONGEST_WAIT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The callback comes before the frame is drawn; a message that it posts, after. */
    private void countDownAfterFrame(final CountDownLatch drawn) {
        Choreographer.getInstance().postFrameCallback(new Choreographer.FrameCallback() {
            @Override
            public void doFrame(long nanos) {
                handler.post(new Runnable() {
                    @Override
                    public void run() {
                        drawn.countDown();
                    }
                });
            }
        });
    }
}
