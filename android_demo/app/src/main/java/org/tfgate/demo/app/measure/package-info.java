/** What screens share that measure: a run that outlives them, and what became of it. */
package org.tfgate.demo.app.measure;
