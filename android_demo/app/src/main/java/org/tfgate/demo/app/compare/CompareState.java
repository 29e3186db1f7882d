package org.tfgate.demo.app.compare;

import org.tfgate.demo.app.chart.Drawing;
import org.tfgate.demo.app.screen.Choice;
import org.tfgate.demo.app.screen.Slider;

/** What the screen shows; used for one view. Null is what is not there. */
final class CompareState {
    Choice dense;
    Choice gated;
    Slider setting;
    Choice runs;
    boolean canStart;
    boolean isRunning;
    boolean canSave;
    String message;
    String progress;
    String ratio;
    String efficiency;
    String details;
    Drawing chart;
    String description;
}
