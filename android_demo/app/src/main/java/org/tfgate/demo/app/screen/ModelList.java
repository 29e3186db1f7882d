package org.tfgate.demo.app.screen;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.models.ModelCatalogue;
import org.tfgate.demo.app.models.ModelEntry;

/** The models that screens offer. Used by the thread that draws alone. */
public final class ModelList {
    /** Hears of changes. */
    public interface Listener {
        /** The models were read again. */
        void onModelsChanged();
    }

    private final ModelCatalogue catalogue;
    private final Tasks tasks;
    private final List<Listener> listeners = new ArrayList<Listener>();
    private List<ModelEntry> entries = Collections.emptyList();
    private String failure;
    private boolean read;
    private boolean reading;

    public ModelList(ModelCatalogue catalogue, Tasks tasks) {
        this.catalogue = catalogue;
        this.tasks = tasks;
    }

    /** Adds someone who hears of changes for as long as the app lives. */
    public void add(Listener listener) {
        listeners.add(listener);
    }

    /** Reads the models again, in the background. */
    public void read() {
        if (reading) {
            return;
        }
        reading = true;
        tasks.background(new Runnable() {
            @Override
            public void run() {
                readNow();
            }
        });
    }

    /** All models, those that can't be used included. */
    public List<ModelEntry> entries() {
        return entries;
    }

    /** The models that can be used. */
    public List<ModelEntry> usable() {
        List<ModelEntry> usable = new ArrayList<ModelEntry>();
        for (ModelEntry entry : entries) {
            if (entry.isUsable()) {
                usable.add(entry);
            }
        }
        return usable;
    }

    /** The usable models that have a dial. */
    public List<ModelEntry> adjustable() {
        List<ModelEntry> adjustable = new ArrayList<ModelEntry>();
        for (ModelEntry entry : usable()) {
            if (entry.metadata().dial() != null) {
                adjustable.add(entry);
            }
        }
        return adjustable;
    }

    /** A name, if it is one of these models'; else that of the first, null without any. */
    public static String stillThere(String name, List<ModelEntry> models) {
        for (ModelEntry model : models) {
            if (model.name().equals(name)) {
                return name;
            }
        }
        return models.isEmpty() ? null : models.get(0).name();
    }

    /** The model of a name; null if there is none, or the name is null. */
    public ModelEntry find(String name) {
        for (ModelEntry entry : entries) {
            if (entry.name().equals(name)) {
                return entry;
            }
        }
        return null;
    }

    /** Why there is nothing to choose from yet, for people; null once the models were read. */
    public String problem(Texts texts) {
        if (failure != null) {
            return texts.get(R.string.models_failed, failure);
        }
        return read ? null : texts.get(R.string.models_reading);
    }

    private void readNow() {
        List<ModelEntry> found = Collections.emptyList();
        String why = null;
        try {
            found = catalogue.list();
        } catch (IOException error) {
            why = error.getMessage();
        }
        final List<ModelEntry> list = found;
        final String message = why;
        tasks.screen(new Runnable() {
            @Override
            public void run() {
                entries = list;
                failure = message;
                read = true;
                reading = false;
                for (Listener listener : listeners) {
                    listener.onModelsChanged();
                }
            }
        });
    }
}
