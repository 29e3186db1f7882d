/** What is measured in which order, and the program that does it. */
package org.tfgate.demo.core.run;
