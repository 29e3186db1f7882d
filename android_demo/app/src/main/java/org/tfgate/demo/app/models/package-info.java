/** The models that the app has: those in the APK, and those that were pushed to the phone. */
package org.tfgate.demo.app.models;
