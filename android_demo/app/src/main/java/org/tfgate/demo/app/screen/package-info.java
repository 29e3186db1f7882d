/**
 * What screens share. A screen has a presenter, which knows what is enabled and which texts and
 * numbers are shown, and a view, which shows it. Presenters are pure Java, and outlive the views.
 */
package org.tfgate.demo.app.screen;
