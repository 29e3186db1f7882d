package org.tfgate.demo.app.screen;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
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

    /** Whether the models were read at all. */
    public boolean isRead() {
        return read;
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

    /** The model of a name; null if there is none, or the name is null. */
    public ModelEntry find(String name) {
        for (ModelEntry entry : entries) {
            if (entry.name().equals(name)) {
                return entry;
            }
        }
        return null;
    }

    /** Why the models can't be listed; null if they can. */
    public String failure() {
        return failure;
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
