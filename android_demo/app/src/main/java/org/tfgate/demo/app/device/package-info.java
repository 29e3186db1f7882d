/** What the phone tells of itself, from Android and from the kernel's files. */
package org.tfgate.demo.app.device;
