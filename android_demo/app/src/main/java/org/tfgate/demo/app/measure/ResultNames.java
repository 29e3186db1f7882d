package org.tfgate.demo.app.measure;

import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;

/** Names of results. */
final class ResultNames {
    private ResultNames() {}

    /**
     * A name with the phone's own date and time, such as "compare-20261128-193000".
     *
     * @param kind what was done, in letters.
     * @param dateMillis in milliseconds since 1970 in UTC.
     */
    static String of(String kind, long dateMillis) {
        SimpleDateFormat format = new SimpleDateFormat("yyyyMMdd-HHmmss", Locale.ROOT);
        return kind + "-" + format.format(new Date(dateMillis));
    }
}
