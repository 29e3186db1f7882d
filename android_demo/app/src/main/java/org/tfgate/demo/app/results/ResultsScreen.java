package org.tfgate.demo.app.results;

import android.app.Activity;
import android.app.AlertDialog;
import android.content.ActivityNotFoundException;
import android.content.ClipData;
import android.content.ContentResolver;
import android.content.DialogInterface;
import android.content.Intent;
import android.net.Uri;
import android.view.View;
import android.view.ViewGroup;
import android.widget.Button;
import android.widget.TextView;
import android.widget.Toast;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.tfgate.demo.R;
import org.tfgate.demo.app.screen.Presenter;
import org.tfgate.demo.app.screen.Screen;

/** Shows "Results". */
public final class ResultsScreen extends Screen implements Presenter.View<ResultsState> {
    /** Number of the question where to save a copy. */
    public static final int SAVE_COPY = 2;

    private final ResultsPresenter presenter;
    private List<ResultFile> shown;
    private AlertDialog question;

    public ResultsScreen(Activity activity, ViewGroup parent, ResultsPresenter presenter) {
        super(activity, R.layout.screen_results, parent);
        this.presenter = presenter;
    }

    @Override
    public void start() {
        presenter.attach(this);
    }

    @Override
    public void stop() {
        presenter.detach(this);
        // The presenter remembers the question; it is asked again on the next view.
        if (question != null) {
            question.dismiss();
            question = null;
        }
    }

    @Override
    public void show(ResultsState state) {
        show(R.id.results_message, state.message);
        if (!state.results.equals(shown)) {
            shown = state.results;
            ViewGroup list = find(R.id.results_list, ViewGroup.class);
            list.removeAllViews();
            for (ResultFile result : shown) {
                list.addView(row(result, list));
            }
        }
        if (state.toDelete != null && question == null) {
            ask(state.toDelete);
        }
    }

    @Override
    public void onAnswer(int request, Intent data) {
        if (request == SAVE_COPY && data.getData() != null) {
            presenter.save(
                    new ContentTarget(
                            activity().getApplicationContext().getContentResolver(),
                            data.getData()));
        }
    }

    private View row(final ResultFile result, ViewGroup list) {
        View row = activity().getLayoutInflater().inflate(R.layout.item_result, list, false);
        show((TextView) row.findViewById(R.id.result_title), result.title);
        show((TextView) row.findViewById(R.id.result_summary), result.summary);
        bind(row, R.id.result_share_json, R.string.share_json_of, result, new Runnable() {
            @Override
            public void run() {
                share(result.json);
            }
        }, result.json != null);
        bind(row, R.id.result_share_csv, R.string.share_csv_of, result, new Runnable() {
            @Override
            public void run() {
                share(result.csv);
            }
        }, result.csv != null);
        bind(row, R.id.result_save, R.string.save_of, result, new Runnable() {
            @Override
            public void run() {
                saveCopy(result);
            }
        }, true);
        bind(row, R.id.result_delete, R.string.delete_of, result, new Runnable() {
            @Override
            public void run() {
                presenter.askToDelete(result);
            }
        }, true);
        return row;
    }

    private void bind(
            View row, int id, int description, ResultFile result, final Runnable action,
            boolean isThere) {
        Button button = (Button) row.findViewById(id);
        button.setVisibility(isThere ? View.VISIBLE : View.GONE);
        button.setContentDescription(activity().getString(description, result.name));
        button.setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                action.run();
            }
        });
    }

    private void share(File file) {
        Uri address = ResultProvider.address(file);
        Intent intent = new Intent(Intent.ACTION_SEND);
        intent.setType(ResultProvider.type(file.getName()));
        intent.putExtra(Intent.EXTRA_STREAM, address);
        intent.putExtra(Intent.EXTRA_SUBJECT, file.getName());
        // The clip carries the permission to the app that is chosen.
        intent.setClipData(ClipData.newRawUri(file.getName(), address));
        intent.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION);
        activity().startActivity(
                Intent.createChooser(intent, activity().getString(R.string.share_with)));
    }

    private void saveCopy(ResultFile result) {
        File file = presenter.toSave(result);
        Intent intent = new Intent(Intent.ACTION_CREATE_DOCUMENT);
        intent.addCategory(Intent.CATEGORY_OPENABLE);
        intent.setType(ResultProvider.type(file.getName()));
        intent.putExtra(Intent.EXTRA_TITLE, file.getName());
        try {
            activity().startActivityForResult(intent, SAVE_COPY);
        } catch (ActivityNotFoundException error) {
            Toast.makeText(activity(), R.string.no_chooser, Toast.LENGTH_LONG).show();
        }
    }

    private void ask(ResultFile result) {
        question =
                new AlertDialog.Builder(activity())
                        .setTitle(R.string.delete_title)
                        .setMessage(activity().getString(R.string.delete_question, result.name))
                        .setPositiveButton(R.string.delete, answer(true))
                        .setNegativeButton(R.string.keep, answer(false))
                        .setOnCancelListener(new DialogInterface.OnCancelListener() {
                            @Override
                            public void onCancel(DialogInterface dialog) {
                                answered(false);
                            }
                        })
                        .show();
    }

    private DialogInterface.OnClickListener answer(final boolean delete) {
        return new DialogInterface.OnClickListener() {
            @Override
            public void onClick(DialogInterface dialog, int button) {
                answered(delete);
            }
        };
    }

    private void answered(boolean delete) {
        question = null;
        presenter.answer(delete);
    }

    /** A document that the person has named. */
    private static final class ContentTarget implements ResultsPresenter.Target {
        private final ContentResolver resolver;
        private final Uri address;

        ContentTarget(ContentResolver resolver, Uri address) {
            this.resolver = resolver;
            this.address = address;
        }

        @Override
        public OutputStream open() throws IOException {
            return resolver.openOutputStream(address);
        }
    }
}
