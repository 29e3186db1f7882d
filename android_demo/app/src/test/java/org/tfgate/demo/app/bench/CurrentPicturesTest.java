package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertEquals;

import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.junit.Test;

public final class CurrentPicturesTest implements CurrentPictures.Source {
    private final CurrentPictures pictures = new CurrentPictures(this);
    private String place = "bundled";

    @Test
    public void eachListIsOfWhatIsThereThen() throws Exception {
        assertEquals(Collections.singletonList("bundled.png"), pictures.names());
        assertEquals("bundled", pictures.dataset());
        place = "given";
        assertEquals(Collections.singletonList("given.png"), pictures.names());
        assertEquals("given", pictures.dataset());
        assertEquals(5, pictures.decode("given.png", 1, 1).value(0, 0, 2));
    }

    @Test
    public void picturesAreThoseOfTheLastList() throws Exception {
        pictures.names();
        place = "given";
        assertEquals("bundled", pictures.dataset());
        assertEquals(7, pictures.decode("bundled.png", 1, 1).value(0, 0, 2));
    }

    @Test
    public void withoutAListTheyAreOfWhatIsThere() throws Exception {
        place = "given";
        assertEquals("given", pictures.dataset());
        assertEquals(5, pictures.decode("given.png", 1, 1).value(0, 0, 2));
        place = "bundled";
        assertEquals("bundled", pictures.dataset());
    }

    @Override
    public PictureFiles pictures() {
        return new Folder(place);
    }

    /** A picture whose blue is the length of its place's name. */
    private static final class Folder implements PictureFiles {
        private final String place;

        Folder(String place) {
            this.place = place;
        }

        @Override
        public String dataset() {
            return place;
        }

        @Override
        public List<String> names() {
            return Collections.singletonList(place + ".png");
        }

        @Override
        public Picture decode(String name, int width, int height) throws IOException {
            if (!names().contains(name)) {
                throw new IOException("there is no " + name);
            }
            return Picture.of(1, 1, new int[] {place.length()});
        }
    }
}
