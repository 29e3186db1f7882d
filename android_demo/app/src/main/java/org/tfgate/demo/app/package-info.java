/** The app. {@link org.tfgate.demo.app.AppParts} puts it together. */
package org.tfgate.demo.app;
