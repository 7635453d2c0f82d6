package dev.braid.tensor.matmul;

import java.util.ArrayList;
import java.util.List;

/** The engines that run on this machine. */
final class Engines {
    private Engines() {}

    static List<String> here() {
        List<String> names = new ArrayList<>(List.of("vector"));
        if (OneDnn.missing() == null) {
            names.add("onednn");
        }
        if (Nd4jLibrary.missing() == null) {
            names.add("nd4j");
        }
        return names;
    }
}
