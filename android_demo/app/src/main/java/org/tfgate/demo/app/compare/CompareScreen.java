package org.tfgate.demo.app.compare;

import android.app.Activity;
import android.view.ViewGroup;
import org.tfgate.demo.R;
import org.tfgate.demo.app.screen.ChartView;
import org.tfgate.demo.app.screen.ChoiceView;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Screen;
import org.tfgate.demo.app.screen.SliderView;

/** Shows "Compare". */
public final class CompareScreen extends Screen implements Presenter.View<CompareState> {
    private final ComparePresenter presenter;
    private final ChoiceView dense;
    private final ChoiceView gated;
    private final ChoiceView runs;
    private final SliderView setting;

    public CompareScreen(Activity activity, ViewGroup parent, ComparePresenter presenter) {
        super(activity, R.layout.screen_compare, parent);
        this.presenter = presenter;
        dense = choice(R.id.compare_dense, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                CompareScreen.this.presenter.selectDense(place);
            }
        });
        gated = choice(R.id.compare_gated, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                CompareScreen.this.presenter.selectGated(place);
            }
        });
        runs = choice(R.id.compare_runs, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                CompareScreen.this.presenter.selectRuns(place);
            }
        });
        setting = slider(
                R.id.compare_setting, R.id.compare_setting_label, R.id.compare_setting_reason,
                new SliderView.Listener() {
                    @Override
                    public void onMoved(int progress) {
                        CompareScreen.this.presenter.moveSetting(progress);
                    }
                });
        bindButtons(R.id.compare_start, R.id.compare_stop, R.id.compare_save, presenter);
    }

    @Override
    public void start() {
        presenter.attach(this);
    }

    @Override
    public void stop() {
        presenter.detach(this);
    }

    @Override
    public void show(CompareState state) {
        dense.show(state.dense);
        gated.show(state.gated);
        runs.show(state.runs);
        setting.show(state.setting);
        showButtons(
                R.id.compare_start, state.canStart, R.id.compare_stop, state.isRunning,
                R.id.compare_save, state.canSave);
        show(R.id.compare_message, state.message);
        show(R.id.compare_progress, state.progress);
        show(R.id.compare_ratio, state.ratio);
        show(R.id.compare_efficiency, state.efficiency);
        show(R.id.compare_details, state.details);
        find(R.id.compare_chart, ChartView.class).show(state.chart, state.description);
    }
}
