/** Describing measured values in a few numbers. */
package org.tfgate.demo.core.statistics;
