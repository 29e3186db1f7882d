/** The screen "Compare": a dense network against a gated one. */
package org.tfgate.demo.app.compare;
