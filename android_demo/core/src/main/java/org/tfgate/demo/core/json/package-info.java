/** JSON (RFC 8259): a strict reader, a writer, and typed access with paths in messages. */
package org.tfgate.demo.core.json;
