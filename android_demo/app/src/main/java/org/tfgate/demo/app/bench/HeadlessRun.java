package org.tfgate.demo.app.bench;

import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import org.tfgate.demo.core.run.Progress;

/**
 * A run that a script drives: its extras are read, and the log tells how it ended, once, whatever
 * happens to the screen. Used by the thread that draws.
 */
public final class HeadlessRun implements BenchRun.Listener {
    /** Makes runs. */
    public interface Runs {
        /**
         * Makes a run that is not started yet.
         *
         * @param newsMillis how often its listener hears of progress, in milliseconds.
         */
        BenchRun run(BenchCommand command, long newsMillis);
    }

    /** Waits. */
    public interface Timer {
        /** Runs a task on the thread that draws, after so many milliseconds. */
        void later(Runnable task, long millis);
    }

    /** What is shown meanwhile. */
    public interface Screen {
        /** The run is over. */
        void close();
    }

    /**
     * From the making of the screen to the run, in milliseconds: Android raises the clock while it
     * launches an app, and is busy with the transition and the first layout.
     */
    public static final long SETTLING_MILLIS = 5000;

    // A line of the log disturbs little, and whoever waits wants to see some.
    private static final long NEWS_MILLIS = 5000;

    private final String name;
    private final LineLog log;
    private BenchRun run;
    private Screen screen;
    private boolean started;
    private boolean toldNotes;
    private boolean ended;

    private HeadlessRun(String name, LineLog log) {
        this.name = name;
        this.log = log;
    }

    /**
     * Starts what extras ask for, after {@link #SETTLING_MILLIS}. If they can't be read, the log
     * says so at once and the run is over.
     *
     * @param extras see {@link BenchExtras}.
     * @param defaultResult the result's name if the extras tell none.
     * @param results where the result will be; one of its name must not be there.
     */
    public static HeadlessRun start(
            Map<String, ?> extras, String defaultResult, ResultFolder results, Runs runs,
            Timer timer, LineLog log) {
        String name = BenchExtras.resultName(extras, defaultResult);
        final HeadlessRun headless = new HeadlessRun(name, log);
        try {
            BenchCommand command = BenchExtras.read(extras, defaultResult);
            if (results.has(name)) {
                throw new BenchException(
                        "Expected a new result, got the name of one that is there: " + name
                                + ".");
            }
            headless.run = runs.run(command, NEWS_MILLIS);
            timer.later(new Runnable() {
                @Override
                public void run() {
                    headless.begin();
                }
            }, SETTLING_MILLIS);
        } catch (BenchException error) {
            headless.end(ProtocolLines.failed(name, error.getMessage()));
        }
        return headless;
    }

    private void begin() {
        if (!ended) {
            started = true;
            run.setListener(this);
            run.start();
        }
    }

    /** Tells that a run which began in a process that is no more can't go on. */
    public static void lost(Map<String, ?> extras, LineLog log) {
        log.end(
                ProtocolLines.failed(
                        BenchExtras.resultName(extras, BenchExtras.UNNAMED),
                        "the system ended the app while it measured"));
    }

    /** The name of a result to which a command gives none: one of the time, in UTC. */
    public static String nameOf(long dateMillis) {
        SimpleDateFormat format = new SimpleDateFormat("'run-'yyyyMMdd-HHmmss", Locale.ROOT);
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        return format.format(new Date(dateMillis));
    }

    /** Sets what is closed at the end, at once if that was already; null for nothing. */
    public void setScreen(Screen value) {
        screen = value;
        if (ended && screen != null) {
            screen.close();
        }
    }

    /** Ends it early; what was measured is kept. */
    public void stop(String reason) {
        if (started) {
            run.stop(reason);
        } else if (!ended) {
            end(ProtocolLines.failed(name, "ended before the first run: " + reason));
        }
    }

    /** Whether it is over. */
    public boolean hasEnded() {
        return ended;
    }

    @Override
    public void onProgress(BenchRun run, Progress progress) {
        if (!toldNotes && run.job() != null) {
            for (String note : run.job().notes()) {
                log.progress(note);
            }
            toldNotes = true;
        }
        if (progress != null) {
            log.progress(ProtocolLines.progress(progress));
        }
    }

    @Override
    public void onEnd(BenchRun run, BenchOutcome outcome) {
        end(ProtocolLines.end(name, outcome));
    }

    private void end(String line) {
        ended = true;
        if (screen != null) {
            screen.close();
        }
        log.end(line);
    }
}
