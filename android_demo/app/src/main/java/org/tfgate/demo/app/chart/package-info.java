/**
 * Charts: geometry and drawing, in pure Java. They draw on a {@link
 * org.tfgate.demo.app.chart.ChartCanvas}, which is a phone's canvas in the app and a picture in
 * tests. Numbers go by position, shape, dashes and words, never by colour alone.
 */
package org.tfgate.demo.app.chart;
