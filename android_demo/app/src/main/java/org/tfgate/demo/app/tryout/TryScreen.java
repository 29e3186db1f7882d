package org.tfgate.demo.app.tryout;

import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.graphics.Bitmap;
import android.view.View;
import android.view.ViewGroup;
import android.widget.Button;
import android.widget.ImageView;
import android.widget.Toast;
import org.tfgate.demo.R;
import org.tfgate.demo.app.bench.Picture;
import org.tfgate.demo.app.screen.ChartView;
import org.tfgate.demo.app.screen.ChoiceView;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Screen;
import org.tfgate.demo.app.screen.SliderView;

/** Shows "Try". */
public final class TryScreen extends Screen implements Presenter.View<TryState> {
    /** Number of the question for a picture. */
    public static final int CHOOSE_PICTURE = 1;

    private final TryPresenter presenter;
    private final ChoiceView models;
    private final ChoiceView pictures;
    private final SliderView tau;
    private final SliderView u;
    private Picture shown;

    public TryScreen(Activity activity, ViewGroup parent, TryPresenter presenter) {
        super(activity, R.layout.screen_try, parent);
        this.presenter = presenter;
        models = modelView();
        pictures = pictureView();
        tau = tauView();
        u = uView();
        onClick(R.id.try_choose, new Runnable() {
            @Override
            public void run() {
                choosePicture();
            }
        });
        onClick(R.id.try_again, new Runnable() {
            @Override
            public void run() {
                TryScreen.this.presenter.runAgain();
            }
        });
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
    public void onAnswer(int request, Intent data) {
        if (request == CHOOSE_PICTURE && data.getData() != null) {
            ChosenPicture picture =
                    new ChosenPicture(
                            activity().getApplicationContext().getContentResolver(),
                            data.getData());
            presenter.choosePicture(picture, picture.name());
        }
    }

    @Override
    public void show(TryState state) {
        models.show(state.models);
        pictures.show(state.pictures);
        tau.show(state.tau);
        u.show(state.u);
        find(R.id.try_again, Button.class).setEnabled(state.canRun);
        find(R.id.try_choose, Button.class).setEnabled(state.canChoose);
        show(R.id.try_message, state.message);
        show(R.id.try_classes, state.classes);
        show(R.id.try_latency, state.latency);
        show(R.id.try_macs, state.macs);
        show(R.id.try_strip_note, state.stripNote);
        find(R.id.try_strip, ChartView.class).show(state.strip, state.stripText);
        showPicture(state);
    }

    private void showPicture(TryState state) {
        ImageView view = find(R.id.try_picture, ImageView.class);
        view.setContentDescription(state.pictureText);
        view.setVisibility(state.picture == null ? View.GONE : View.VISIBLE);
        show(R.id.try_picture_text, state.pictureText);
        if (state.picture != shown) {
            shown = state.picture;
            view.setImageBitmap(shown == null ? null : bitmap(shown));
        }
    }

    private static Bitmap bitmap(Picture picture) {
        int[] pixels = new int[picture.width() * picture.height()];
        for (int i = 0; i < pixels.length; i++) {
            int x = i % picture.width();
            int y = i / picture.width();
            pixels[i] =
                    0xff000000
                            | picture.value(x, y, 0) << 16
                            | picture.value(x, y, 1) << 8
                            | picture.value(x, y, 2);
        }
        return Bitmap.createBitmap(
                pixels, picture.width(), picture.height(), Bitmap.Config.ARGB_8888);
    }

    private void choosePicture() {
        Intent intent = new Intent(Intent.ACTION_OPEN_DOCUMENT);
        intent.addCategory(Intent.CATEGORY_OPENABLE);
        intent.setType("image/*");
        try {
            activity().startActivityForResult(intent, CHOOSE_PICTURE);
        } catch (ActivityNotFoundException error) {
            Toast.makeText(activity(), R.string.no_chooser, Toast.LENGTH_LONG).show();
        }
    }

    private ChoiceView modelView() {
        return choice(R.id.try_model, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                presenter.selectModel(place);
            }
        });
    }

    private ChoiceView pictureView() {
        return choice(R.id.try_pictures, new ChoiceView.Listener() {
            @Override
            public void onChosen(int place) {
                presenter.selectPicture(place);
            }
        });
    }

    private SliderView tauView() {
        return slider(
                R.id.try_tau, R.id.try_tau_label, R.id.try_tau_reason,
                new SliderView.Listener() {
                    @Override
                    public void onMoved(int progress) {
                        presenter.moveTau(progress);
                    }
                });
    }

    private SliderView uView() {
        return slider(
                R.id.try_u, R.id.try_u_label, R.id.try_u_reason,
                new SliderView.Listener() {
                    @Override
                    public void onMoved(int progress) {
                        presenter.moveU(progress);
                    }
                });
    }
}
