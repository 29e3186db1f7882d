package org.tfgate.demo.core.run;

import java.io.IOException;

/** Gives images in the form that models take. */
public interface ImageSource {
    /**
     * Returns an image, in the range and shape that the model's metadata tell. Called between
     * runs, so its time does not count, but a slow one lets the processor cool down: keep decoded
     * images.
     *
     * @param model the model's name in {@link Configuration}.
     * @param index from 0 to the plan's number of images - 1.
     * @throws IOException the image can't be read or decoded; the message is for people.
     */
    float[] image(String model, int index) throws IOException;
}
