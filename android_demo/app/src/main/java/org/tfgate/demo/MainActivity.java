package org.tfgate.demo;

import android.app.Activity;
import android.content.Intent;
import android.os.Bundle;
import android.view.ViewGroup;
import android.view.WindowManager;
import android.widget.RadioGroup;
import java.util.HashMap;
import java.util.Map;
import org.tfgate.demo.app.AppParts;
import org.tfgate.demo.app.DemoApplication;
import org.tfgate.demo.app.adapt.AdaptScreen;
import org.tfgate.demo.app.compare.CompareScreen;
import org.tfgate.demo.app.results.ResultsScreen;
import org.tfgate.demo.app.screen.Occupation;
import org.tfgate.demo.app.screen.Screen;
import org.tfgate.demo.app.sweep.SweepScreen;
import org.tfgate.demo.app.tryout.TryScreen;

/** The app's only window: a row of tabs, and the screen of the tab that is chosen. */
public final class MainActivity extends Activity implements Occupation.Listener {
    private static final String TRY_STATE = "try";

    private AppParts parts;
    private Screen screen;
    private int tab;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        setContentView(R.layout.main);
        parts = ((DemoApplication) getApplication()).parts();
        Bundle tryState = saved == null ? null : saved.getBundle(TRY_STATE);
        if (tryState != null) {
            parts.tryout().restore(map(tryState));
        }
        RadioGroup tabs = (RadioGroup) findViewById(R.id.tabs);
        tabs.setOnCheckedChangeListener(new RadioGroup.OnCheckedChangeListener() {
            @Override
            public void onCheckedChanged(RadioGroup group, int id) {
                open(id);
            }
        });
    }

    /** The tabs have taken their state by now: the system restores which is chosen. */
    @Override
    protected void onPostCreate(Bundle saved) {
        super.onPostCreate(saved);
        open(((RadioGroup) findViewById(R.id.tabs)).getCheckedRadioButtonId());
    }

    @Override
    protected void onStart() {
        super.onStart();
        parts.occupation().add(this);
        onOccupationChanged();
        if (screen != null) {
            screen.start();
        }
    }

    @Override
    protected void onStop() {
        if (screen != null) {
            screen.stop();
        }
        parts.occupation().remove(this);
        if (!isChangingConfigurations()) {
            parts.leave();
        }
        super.onStop();
    }

    /** While something is measured, the phone does not turn its screen off, nor slow down. */
    @Override
    public void onOccupationChanged() {
        if (parts.occupation().isFree()) {
            getWindow().clearFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON);
        } else {
            getWindow().addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON);
        }
    }

    @Override
    protected void onSaveInstanceState(Bundle out) {
        super.onSaveInstanceState(out);
        Bundle tryState = new Bundle();
        for (Map.Entry<String, String> each : parts.tryout().save().entrySet()) {
            tryState.putString(each.getKey(), each.getValue());
        }
        out.putBundle(TRY_STATE, tryState);
    }

    @Override
    protected void onActivityResult(int request, int result, Intent data) {
        super.onActivityResult(request, result, data);
        if (result == RESULT_OK && data != null && screen != null) {
            screen.onAnswer(request, data);
        }
    }

    /** Shows the screen of a tab, unless it is shown. */
    private void open(int id) {
        if (id == tab) {
            return;
        }
        if (screen != null) {
            screen.stop();
        }
        tab = id;
        ViewGroup room = (ViewGroup) findViewById(R.id.screen);
        room.removeAllViews();
        screen = newScreen(id, room);
        room.addView(screen.view());
        screen.start();
    }

    private Screen newScreen(int id, ViewGroup room) {
        if (id == R.id.tab_results) {
            return new ResultsScreen(this, room, parts.results());
        }
        if (id == R.id.tab_compare) {
            return new CompareScreen(this, room, parts.compare());
        }
        if (id == R.id.tab_sweep) {
            return new SweepScreen(this, room, parts.sweep());
        }
        if (id == R.id.tab_adapt) {
            return new AdaptScreen(this, room, parts.adapt());
        }
        return new TryScreen(this, room, parts.tryout());
    }

    private static Map<String, String> map(Bundle bundle) {
        Map<String, String> map = new HashMap<String, String>();
        for (String key : bundle.keySet()) {
            map.put(key, bundle.getString(key));
        }
        return map;
    }
}
