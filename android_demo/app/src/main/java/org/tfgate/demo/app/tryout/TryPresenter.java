package org.tfgate.demo.app.tryout;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tfgate.demo.R;
import org.tfgate.demo.app.bench.BenchException;
import org.tfgate.demo.app.bench.PictureFiles;
import org.tfgate.demo.app.models.ModelEntry;
import org.tfgate.demo.app.screen.Choice;
import org.tfgate.demo.app.screen.ModelList;
import org.tfgate.demo.app.screen.Occupation;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Problems;
import org.tfgate.demo.app.screen.Sliders;
import org.tfgate.demo.app.screen.Tasks;
import org.tfgate.demo.app.screen.Texts;
import org.tfgate.demo.core.engine.EngineException;
import org.tfgate.demo.core.metadata.ModelMetadata;
import org.tfgate.demo.core.run.EngineSource;

/** What "Try" shows. Whatever is changed is run at once, the newest of several changes only. */
public final class TryPresenter extends Presenter<TryState>
        implements ModelList.Listener, Occupation.Listener {
    private static final int THREADS = 1;
    private static final double DEFAULT_SETTING = 0.5;
    private static final String MODEL = "model";
    private static final String PICTURE = "picture";
    private static final String TAU = "tau";
    private static final String U = "u";

    private final Texts texts;
    private final Tasks tasks;
    private final Occupation occupation;
    private final ModelList models;
    private final PictureFiles offered;
    private final TryRunner runner;
    private List<String> pictureNames = Collections.emptyList();
    private boolean picturesRead;
    private boolean picturesStale;
    private String picturesFailure;
    private String model;
    private String picture;
    private PictureFiles chosen;
    private String chosenName;
    private double tau = DEFAULT_SETTING;
    private double u = 1.0;
    private boolean running;
    private boolean waiting;
    private TryOutcome outcome;
    private String failure;

    /**
     * @param offered pictures to choose from; their names are read whenever they are shown.
     */
    public TryPresenter(
            Texts texts, Tasks tasks, Occupation occupation, ModelList models,
            EngineSource engines, PictureFiles offered) {
        this.texts = texts;
        this.tasks = tasks;
        this.occupation = occupation;
        this.models = models;
        this.offered = offered;
        runner = new TryRunner(engines, THREADS);
        models.add(this);
        occupation.add(this);
    }

    @Override
    protected void onAttached() {
        models.read();
        picturesStale = true;
        readPictures();
    }

    /** Chooses a model, by its place in the list. */
    public void selectModel(int place) {
        if (place >= models.entries().size()) {
            return; // A tap on a list that was just read anew, and is shorter now.
        }
        ModelEntry entry = models.entries().get(place);
        if (!entry.name().equals(model)) {
            take(entry);
            request();
        }
    }

    /** Chooses one of the pictures offered, or the chosen one again, by its place in the list. */
    public void selectPicture(int place) {
        String name = place < pictureNames.size() ? pictureNames.get(place) : null;
        boolean isThere = name != null || chosen != null;
        if (isThere && (name == null ? picture != null : !name.equals(picture))) {
            picture = name;
            request();
        }
    }

    /**
     * Takes a picture that the person chose from the phone.
     *
     * @param files where it is.
     * @param name its name there, and for people.
     */
    public void choosePicture(PictureFiles files, String name) {
        chosen = files;
        chosenName = name;
        picture = null;
        request();
    }

    /** Moves the slider for τ, to a place from 0 to 100. */
    public void moveTau(int progress) {
        tau = Sliders.setting(progress);
        request();
    }

    /** Moves the slider for u, to a place from 0 to 100. */
    public void moveU(int progress) {
        u = Sliders.setting(progress);
        request();
    }

    /** Runs the same once more. */
    public void runAgain() {
        request();
    }

    /** What survives the end of the app's process. */
    public Map<String, String> save() {
        Map<String, String> saved = new HashMap<String, String>();
        saved.put(MODEL, model);
        saved.put(PICTURE, picture);
        saved.put(TAU, Double.toString(tau));
        saved.put(U, Double.toString(u));
        return saved;
    }

    /** Takes what {@link #save} gave, unless something was chosen since. */
    public void restore(Map<String, String> saved) {
        if (model == null && saved.get(MODEL) != null) {
            model = saved.get(MODEL);
            picture = saved.get(PICTURE);
            tau = Double.parseDouble(saved.get(TAU));
            u = Double.parseDouble(saved.get(U));
            refresh();
        }
    }

    @Override
    public void onModelsChanged() {
        if (models.find(model) == null && !models.entries().isEmpty()) {
            List<ModelEntry> usable = models.usable();
            take(usable.isEmpty() ? models.entries().get(0) : preferred(usable));
        }
        if (outcome == null) {
            request();
        } else {
            refresh();
        }
    }

    @Override
    public void onOccupationChanged() {
        if (!occupation.isFree()) {
            tasks.background(new Runnable() {
                @Override
                public void run() {
                    runner.close();
                }
            });
        }
        readPictures();
        refresh();
    }

    @Override
    public TryState state() {
        ModelEntry entry = models.find(model);
        ModelMetadata metadata = entry == null ? null : entry.metadata();
        return new TryState(
                modelChoice(),
                pictureChoice(),
                Sliders.tau(metadata, tau, texts),
                Sliders.u(metadata, u, texts),
                canRun(entry),
                occupation.isFree(),
                message(entry),
                outcome == null ? null : new TryReport(outcome, texts),
                outcome == null ? null : outcome.picture,
                pictureText());
    }

    private String message(ModelEntry entry) {
        String unread = models.problem(texts);
        if (unread != null) {
            return unread;
        }
        if (entry == null) {
            return texts.get(R.string.models_none);
        }
        if (!entry.isUsable()) {
            return Problems.of(entry, texts);
        }
        if (occupation.isOthers(this)) {
            return texts.get(R.string.busy_measuring);
        }
        if (picturesFailure != null) {
            return texts.get(R.string.pictures_failed, picturesFailure);
        }
        if (picturesRead && files() == null) {
            return texts.get(R.string.pictures_none);
        }
        return failure;
    }

    private boolean canRun(ModelEntry entry) {
        return entry != null && entry.isUsable() && files() != null && occupation.isFree();
    }

    private Choice modelChoice() {
        List<String> labels = new ArrayList<String>();
        int selected = -1;
        for (ModelEntry entry : models.entries()) {
            if (entry.name().equals(model)) {
                selected = labels.size();
            }
            labels.add(
                    entry.isUsable()
                            ? entry.fileName()
                            : texts.get(R.string.model_unusable, entry.fileName()));
        }
        return new Choice(labels, selected, !labels.isEmpty());
    }

    private Choice pictureChoice() {
        List<String> labels = new ArrayList<String>(pictureNames);
        int selected = pictureNames.indexOf(picture);
        if (chosen != null) {
            labels.add(texts.get(R.string.picture_chosen, chosenName));
            selected = picture == null ? pictureNames.size() : selected;
        }
        return new Choice(labels, selected, !labels.isEmpty());
    }

    private String pictureText() {
        if (outcome == null) {
            return texts.get(R.string.picture_none);
        }
        return texts.get(
                R.string.picture_seen, outcome.request.picture, outcome.picture.width(),
                outcome.picture.height());
    }

    /** A gated network shows more than a dense one. */
    private static ModelEntry preferred(List<ModelEntry> usable) {
        for (ModelEntry entry : usable) {
            if (!entry.metadata().gates().isEmpty()) {
                return entry;
            }
        }
        return usable.get(0);
    }

    private void take(ModelEntry entry) {
        model = entry.name();
        outcome = null;
        failure = null;
        ModelMetadata metadata = entry.metadata();
        if (metadata != null && metadata.tau() != null) {
            tau = metadata.tau();
        }
        if (metadata != null && metadata.u() != null) {
            u = metadata.u();
        }
    }

    private PictureFiles files() {
        return picture == null ? chosen : offered;
    }

    /** Runs what is chosen now; if something is running, afterwards. */
    private void request() {
        ModelEntry entry = models.find(model);
        waiting = canRun(entry);
        if (waiting && !running) {
            next(entry);
        }
        refresh();
    }

    private void next(ModelEntry entry) {
        final TryRequest request =
                new TryRequest(entry, files(), picture == null ? chosenName : picture, tau, u);
        waiting = false;
        running = true;
        tasks.background(new Runnable() {
            @Override
            public void run() {
                runNow(request);
            }
        });
    }

    private void runNow(TryRequest request) {
        TryOutcome result = null;
        String why = null;
        try {
            result = runner.run(request);
        } catch (EngineException error) {
            why = texts.get(R.string.model_failed, request.model.fileName(), error.getMessage());
        } catch (BenchException error) {
            why = texts.get(R.string.picture_failed, request.picture, error.getMessage());
        } catch (OutOfMemoryError error) {
            why = texts.get(R.string.problem_too_large, request.model.fileName());
        }
        if (result == null) {
            runner.close();
        }
        finish(request, result, why);
    }

    private void finish(final TryRequest request, final TryOutcome result, final String why) {
        tasks.screen(new Runnable() {
            @Override
            public void run() {
                running = false;
                if (request.model.name().equals(model)) {
                    outcome = result;
                    failure = why;
                }
                ModelEntry entry = models.find(model);
                if (waiting && canRun(entry)) {
                    next(entry);
                }
                refresh();
            }
        });
    }

    /** A computer may have pushed others; files are not looked for during a measurement. */
    private void readPictures() {
        if (!picturesStale || !occupation.isFree()) {
            return;
        }
        picturesStale = false;
        tasks.background(new Runnable() {
            @Override
            public void run() {
                List<String> names = Collections.emptyList();
                String why = null;
                runner.forget(offered);
                try {
                    names = offered.names();
                } catch (IOException error) {
                    why = error.getMessage();
                }
                showPictures(names, why);
            }
        });
    }

    private void showPictures(final List<String> names, final String why) {
        tasks.screen(new Runnable() {
            @Override
            public void run() {
                boolean isFirst = !picturesRead;
                picturesRead = true;
                pictureNames = new ArrayList<String>(names);
                picturesFailure = why;
                boolean isGone =
                        picture == null ? chosen == null : !pictureNames.contains(picture);
                if (isGone) {
                    picture = pictureNames.isEmpty() ? null : pictureNames.get(0);
                }
                if (isFirst || isGone) {
                    request();
                } else {
                    refresh();
                }
            }
        });
    }
}
