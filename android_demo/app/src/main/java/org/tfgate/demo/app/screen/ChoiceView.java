package org.tfgate.demo.app.screen;

import android.view.View;
import android.widget.AdapterView;
import android.widget.ArrayAdapter;
import android.widget.Spinner;
import java.util.ArrayList;
import java.util.List;
import org.tfgate.demo.R;

/** A {@link Choice} in a spinner. */
public final class ChoiceView {
    /** Hears what a person chooses. */
    public interface Listener {
        /** Something else was chosen, by its place in the list. */
        void onChosen(int place);
    }

    private final Spinner spinner;
    private List<String> shown = new ArrayList<String>();
    private int selected = -1;

    public ChoiceView(Spinner spinner, final Listener listener) {
        this.spinner = spinner;
        // An activity that is made anew shows what is chosen now, not what was then.
        spinner.setSaveEnabled(false);
        spinner.setOnItemSelectedListener(new AdapterView.OnItemSelectedListener() {
            @Override
            public void onItemSelected(AdapterView<?> parent, View view, int place, long id) {
                // A spinner tells what the program selects, too, and later.
                if (place != selected) {
                    selected = place;
                    listener.onChosen(place);
                }
            }

            @Override
            public void onNothingSelected(AdapterView<?> parent) {}
        });
    }

    /** Shows a choice. */
    public void show(Choice choice) {
        selected = choice.selected();
        if (!choice.labels().equals(shown)) {
            shown = choice.labels();
            // Not the same adapter with other lines: what of those a spinner selects, it decides.
            spinner.setAdapter(
                    new ArrayAdapter<String>(spinner.getContext(), R.layout.item_choice, shown));
            spinner.setSelection(selected, false);
        } else if (spinner.getSelectedItemPosition() != selected) {
            spinner.setSelection(selected, false);
        }
        spinner.setEnabled(choice.isEnabled());
    }
}
