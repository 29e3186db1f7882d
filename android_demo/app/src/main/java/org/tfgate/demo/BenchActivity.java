package org.tfgate.demo;

import android.app.Activity;
import android.os.Bundle;
import android.os.Process;
import android.util.Log;
import android.view.Gravity;
import android.view.WindowManager;
import android.widget.TextView;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tfgate.demo.app.bench.AndroidPlatform;
import org.tfgate.demo.app.bench.Bench;
import org.tfgate.demo.app.bench.HeadlessRun;
import org.tfgate.demo.app.bench.LineLog;
import org.tfgate.demo.app.bench.ProtocolLines;

/**
 * Measures what the extras of its intent ask for, see {@link
 * org.tfgate.demo.app.bench.BenchExtras}. It shows a text that does not change, for drawing would
 * be measured, too, and waits until the screen has settled. A rotation does not disturb a run;
 * leaving the screen ends it, and what was finished is kept.
 */
public final class BenchActivity extends Activity implements HeadlessRun.Screen {
    private static final LineLog LOG =
            new LineLog() {
                @Override
                public void progress(String line) {
                    Log.i(ProtocolLines.PROGRESS_TAG, line);
                }

                @Override
                public void end(String line) {
                    Log.i(ProtocolLines.END_TAG, line);
                }
            };

    private static final String PROCESS = "process";

    private HeadlessRun run;

    @Override
    protected void onCreate(Bundle state) {
        super.onCreate(state);
        getWindow().addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON);
        TextView text = new TextView(this);
        text.setText(R.string.bench_measuring);
        text.setGravity(Gravity.CENTER);
        setContentView(text);
        run = (HeadlessRun) getLastNonConfigurationInstance();
        if (run == null && state != null) {
            // A run of this very process tells its end itself.
            if (state.getInt(PROCESS) != Process.myPid()) {
                HeadlessRun.lost(extras(), LOG);
            }
            finish();
            return;
        }
        if (run == null) {
            Bench bench = new Bench(this);
            run =
                    HeadlessRun.start(
                            extras(), HeadlessRun.nameOf(System.currentTimeMillis()),
                            bench.results(), bench, new AndroidPlatform(), LOG);
        }
        run.setScreen(this);
    }

    // A getter of one type can't tell an extra of another from none.
    @SuppressWarnings("deprecation")
    private Map<String, Object> extras() {
        Map<String, Object> extras = new LinkedHashMap<String, Object>();
        Bundle bundle = getIntent().getExtras();
        if (bundle != null) {
            for (String name : bundle.keySet()) {
                extras.put(name, bundle.get(name));
            }
        }
        return extras;
    }

    @Override
    public Object onRetainNonConfigurationInstance() {
        return run;
    }

    @Override
    protected void onSaveInstanceState(Bundle state) {
        super.onSaveInstanceState(state);
        state.putInt(PROCESS, Process.myPid());
    }

    @Override
    protected void onStop() {
        super.onStop();
        if (run != null && !isChangingConfigurations()) {
            run.stop("the app left the screen, or the screen was turned off");
        }
    }

    @Override
    protected void onDestroy() {
        super.onDestroy();
        if (run != null) {
            run.setScreen(null);
        }
    }

    @Override
    public void close() {
        finish();
    }
}
