/**
 * The budget controller of {@code docs/control.md}: who turns the dial u at run time.
 *
 * <p>Every operation is in the order of that page, in doubles and strictfp, so the numbers are
 * those of {@code tfgate.control} in Python to the last bit. {@code
 * tfgate/control/test_vectors.json} holds both to that.
 */
package org.tfgate.demo.core.control;
