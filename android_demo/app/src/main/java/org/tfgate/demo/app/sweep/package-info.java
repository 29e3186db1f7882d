/** The screen "Sweep": latency and executed MACs over the settings of a network's input. */
package org.tfgate.demo.app.sweep;
