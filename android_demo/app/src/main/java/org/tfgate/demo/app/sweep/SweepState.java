package org.tfgate.demo.app.sweep;

import org.tfgate.demo.app.chart.Drawing;
import org.tfgate.demo.app.screen.Choice;

/** What the screen shows; used for one view. Null is what is not there. */
final class SweepState {
    Choice models;
    Choice runs;
    boolean canStart;
    boolean isRunning;
    boolean canSave;
    String message;
    String progress;
    String details;
    Drawing chart;
    String description;
}
