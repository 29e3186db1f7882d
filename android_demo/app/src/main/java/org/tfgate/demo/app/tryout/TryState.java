package org.tfgate.demo.app.tryout;

import org.tfgate.demo.app.bench.Picture;
import org.tfgate.demo.app.chart.BlockStrip;
import org.tfgate.demo.app.screen.Choice;
import org.tfgate.demo.app.screen.Slider;

/** What the screen shows; immutable. Null is what is not there. */
final class TryState {
    final Choice models;
    final Choice pictures;
    final Slider tau;
    final Slider u;
    final boolean canRun;
    final boolean canChoose;
    final String message;
    final Picture picture;
    final String pictureText;
    final String classes;
    final String latency;
    final String macs;
    final BlockStrip strip;
    final String stripText;
    final String stripNote;

    /**
     * @param canChoose whether the person may leave the app for a picture.
     * @param message what is wrong, or what is awaited.
     * @param report what came out; null for nothing.
     * @param picture as the model saw it; null for none.
     * @param pictureText what the picture is, in words.
     */
    TryState(
            Choice models, Choice pictures, Slider tau, Slider u, boolean canRun, boolean canChoose,
            String message, TryReport report, Picture picture, String pictureText) {
        this.models = models;
        this.pictures = pictures;
        this.tau = tau;
        this.u = u;
        this.canRun = canRun;
        this.canChoose = canChoose;
        this.message = message;
        this.picture = picture;
        this.pictureText = pictureText;
        classes = report == null ? null : report.classes();
        latency = report == null ? null : report.latency();
        macs = report == null ? null : report.macs();
        strip = report == null ? null : report.strip();
        stripText = report == null ? null : report.stripText();
        stripNote = report == null || report.tellsBlocks() ? null : stripText;
    }
}
