/** The screen "Adapt": the budget controller holds a latency while the phone heats up. */
package org.tfgate.demo.app.adapt;
