/** The screen "Try": a model, a picture, what comes out, and which blocks ran. */
package org.tfgate.demo.app.tryout;
