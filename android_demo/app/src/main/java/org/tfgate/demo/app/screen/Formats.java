package org.tfgate.demo.app.screen;

import java.util.Locale;
import org.tfgate.demo.R;

/** Numbers as people read them. */
public final class Formats {
    private static final double BILLION = 1e9;
    private static final double MILLION = 1e6;

    private final Texts texts;

    public Formats(Texts texts) {
        this.texts = texts;
    }

    /** A latency, with three digits: "1.23 ms", "12.3 ms", "123 ms". */
    public String milliseconds(double value) {
        int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        return texts.get(R.string.milliseconds, number(value, decimals));
    }

    /** A number of multiply-accumulates: "1.23 billion MACs". */
    public String macs(double value) {
        if (value >= BILLION) {
            return texts.get(R.string.macs_billion, number(value / BILLION, 2));
        }
        return texts.get(R.string.macs_million, number(value / MILLION, 2));
    }

    /** A share: "12 %". */
    public String percent(double share) {
        return texts.get(R.string.percent, number(100.0 * share, 0));
    }

    /** A setting of τ or u: "0.50". */
    public String setting(double value) {
        return number(value, 2);
    }

    /** A ratio: "0.53". */
    public String ratio(double value) {
        return number(value, 2);
    }

    /** A size of a file: "12.3 kB". */
    public String bytes(long value) {
        return texts.get(R.string.kilobytes, number(value / 1000.0, 1));
    }

    private String number(double value, int decimals) {
        Locale locale = texts.locale();
        return String.format(locale, "%." + decimals + "f", value);
    }
}
