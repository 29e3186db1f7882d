package org.tfgate.demo.app.bench;

/** The device's log, which a computer reads; see {@link ProtocolLines}. */
public interface LineLog {
    /** Writes how far a run is. */
    void progress(String line);

    /** Writes how a run ended. */
    void end(String line);
}
