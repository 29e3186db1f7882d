package org.tfgate.demo.app.adapt;

import android.app.Activity;
import android.view.ViewGroup;
import org.tfgate.demo.R;
import org.tfgate.demo.app.screen.ChartView;
import org.tfgate.demo.app.screen.ChoiceView;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Screen;
import org.tfgate.demo.app.screen.SliderView;

/** Shows "Adapt". */
public final class AdaptScreen extends Screen implements Presenter.View<AdaptState> {
    private final AdaptPresenter presenter;
    private final ChoiceView models;
    private final ChoiceView minutes;
    private final SliderView target;

    public AdaptScreen(Activity activity, ViewGroup parent, AdaptPresenter presenter) {
        super(activity, R.layout.screen_adapt, parent);
        this.presenter = presenter;
        models = choice(R.id.adapt_model, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                AdaptScreen.this.presenter.selectModel(place);
            }
        });
        minutes = choice(R.id.adapt_minutes, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                AdaptScreen.this.presenter.selectMinutes(place);
            }
        });
        target = slider(
                R.id.adapt_target, R.id.adapt_target_label, R.id.adapt_target_reason,
                new SliderView.Listener() {
                    @Override
                    public void onMoved(int progress) {
                        AdaptScreen.this.presenter.moveTarget(progress);
                    }
                });
        bindButtons(R.id.adapt_start, R.id.adapt_stop, R.id.adapt_save, presenter);
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
    public void show(AdaptState state) {
        models.show(state.models);
        minutes.show(state.minutes);
        target.show(state.target);
        showButtons(
                R.id.adapt_start, state.canStart, R.id.adapt_stop, state.isRunning,
                R.id.adapt_save, state.canSave);
        show(R.id.adapt_message, state.message);
        show(R.id.adapt_now, state.now);
        show(R.id.adapt_details, state.details);
        find(R.id.adapt_chart, ChartView.class).show(state.chart, state.description);
    }
}
