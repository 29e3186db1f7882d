/**
 * Runs that are measured: what a command asks for, the pictures, the run itself, its result files.
 * {@link org.tfgate.demo.app.bench.BenchRun} is for every screen.
 */
package org.tfgate.demo.app.bench;
