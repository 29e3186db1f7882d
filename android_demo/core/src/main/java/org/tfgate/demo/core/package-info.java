/**
 * The heart of the app in pure Java: no {@code android.*}, no dependencies, Java 8 without
 * lambdas, and of {@code java.*} only what Android has since API level 24.
 */
package org.tfgate.demo.core;
