package org.tfgate.demo.app.screen;

import android.content.Context;
import android.content.res.Configuration;
import java.util.Locale;

/** Texts from the app's resources. */
public final class AndroidTexts implements Texts {
    private final Context context;

    public AndroidTexts(Context context) {
        this.context = context;
    }

    @Override
    public String get(int id, Object... arguments) {
        return String.format(locale(), context.getResources().getString(id), arguments);
    }

    @Override
    public String quantity(int id, int count) {
        return String.format(
                locale(), context.getResources().getQuantityText(id, count).toString(), count);
    }

    @Override
    public Locale locale() {
        Configuration configuration = context.getResources().getConfiguration();
        return configuration.getLocales().get(0);
    }
}
