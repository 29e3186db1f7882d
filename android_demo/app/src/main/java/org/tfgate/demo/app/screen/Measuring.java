package org.tfgate.demo.app.screen;

/** What the three buttons of a measurement do. */
public interface Measuring {
    /** Starts measuring. */
    void start();

    /** Stops measuring; what was measured is kept. */
    void stop();

    /** Tries once more to write what could not be written. */
    void saveAgain();
}
