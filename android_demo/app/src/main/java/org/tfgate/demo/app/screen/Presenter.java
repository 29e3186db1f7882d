package org.tfgate.demo.app.screen;

/**
 * Knows what a screen shows. It outlives its view, which comes and goes with rotations. Used by
 * the thread that draws alone.
 *
 * @param <S> what is shown: immutable.
 */
public abstract class Presenter<S> {
    /**
     * Shows states.
     *
     * @param <S> what is shown.
     */
    public interface View<S> {
        /** Shows a state in place of the last one. */
        void show(S state);
    }

    private View<S> view;

    /** A view has come: it is shown the state at once. */
    public final void attach(View<S> newView) {
        view = newView;
        onAttached();
        refresh();
    }

    /** The view has gone, if it is still this one. */
    public final void detach(View<S> oldView) {
        if (view == oldView) {
            view = null;
        }
    }

    /** What is to be shown now. */
    public abstract S state();

    /** A view has come. */
    protected void onAttached() {}

    /** Shows the state, if there is a view. */
    protected final void refresh() {
        if (view != null) {
            view.show(state());
        }
    }
}
