package org.tfgate.demo.app.sweep;

import android.app.Activity;
import android.view.ViewGroup;
import org.tfgate.demo.R;
import org.tfgate.demo.app.screen.ChartView;
import org.tfgate.demo.app.screen.ChoiceView;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Screen;

/** Shows "Sweep". */
public final class SweepScreen extends Screen implements Presenter.View<SweepState> {
    private final SweepPresenter presenter;
    private final ChoiceView models;
    private final ChoiceView runs;

    public SweepScreen(Activity activity, ViewGroup parent, SweepPresenter presenter) {
        super(activity, R.layout.screen_sweep, parent);
        this.presenter = presenter;
        models = choice(R.id.sweep_model, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                SweepScreen.this.presenter.selectModel(place);
            }
        });
        runs = choice(R.id.sweep_runs, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                SweepScreen.this.presenter.selectRuns(place);
            }
        });
        bindButtons(R.id.sweep_start, R.id.sweep_stop, R.id.sweep_save, presenter);
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
    public void show(SweepState state) {
        models.show(state.models);
        runs.show(state.runs);
        showButtons(
                R.id.sweep_start, state.canStart, R.id.sweep_stop, state.isRunning,
                R.id.sweep_save, state.canSave);
        show(R.id.sweep_message, state.message);
        show(R.id.sweep_progress, state.progress);
        show(R.id.sweep_details, state.details);
        find(R.id.sweep_chart, ChartView.class).show(state.chart, state.description);
    }
}
