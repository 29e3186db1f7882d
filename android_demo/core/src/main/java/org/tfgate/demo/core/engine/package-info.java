/** What runs a model: an interface, so that all else is tested without a runtime. */
package org.tfgate.demo.core.engine;
