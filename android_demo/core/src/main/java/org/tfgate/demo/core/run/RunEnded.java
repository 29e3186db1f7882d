package org.tfgate.demo.core.run;

/** A run ends before all is done. It carries no stack trace: nothing went wrong. */
final class RunEnded extends Exception {
    private static final long serialVersionUID = 1L;

    private final StopReason reason;

    RunEnded(StopReason reason) {
        super(reason.name(), null, false, false);
        this.reason = reason;
    }

    StopReason reason() {
        return reason;
    }
}
