/** Results as documents: JSON of the benchmark's schema, and CSV of all runs. */
package org.tfgate.demo.core.result;
