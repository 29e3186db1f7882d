/** What a phone tells about itself: facts that stay, and a state that changes. */
package org.tfgate.demo.core.device;
