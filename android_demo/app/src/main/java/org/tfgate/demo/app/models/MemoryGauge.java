package org.tfgate.demo.app.models;

/** Tells how much memory there is. */
public interface MemoryGauge {
    /** Bytes that a program may still use before the system ends others. */
    long availableBytes();
}
