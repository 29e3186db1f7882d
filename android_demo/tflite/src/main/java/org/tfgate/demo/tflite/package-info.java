/**
 * The engine on TensorFlow Lite. {@link org.tfgate.demo.tflite.TfliteRuntime} alone calls the
 * runtime, whose native libraries exist for Android only; all else is tested with a fake one.
 */
package org.tfgate.demo.tflite;
