package dev.braid.data;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * Where prepared data is and how it is cut into samples: all that a rank needs to open it. Travels to the executors.
 *
 * @param folder Hadoop address of the folder
 * @param sequence tokens a sample
 * @param weights one a source
 */
public record DataLocation(String folder, int sequence, List<Double> weights) implements Serializable {
    public DataLocation {
        weights = new ArrayList<>(weights);
    }
}
