/** The screen "Results": the files of finished measurements, to be shared or deleted. */
package org.tfgate.demo.app.results;
