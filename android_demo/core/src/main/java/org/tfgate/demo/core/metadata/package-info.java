/** The document inside a .tflite file: what the file is, what it decides, what that costs. */
package org.tfgate.demo.core.metadata;
