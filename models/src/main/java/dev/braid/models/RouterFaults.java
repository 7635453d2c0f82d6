package dev.braid.models;

import dev.braid.config.Faults;

/** Rules that several routers share. */
final class RouterFaults {
    private RouterFaults() {}

    static void scale(double scale, String path, Faults faults) {
        if (!(scale > 0) || Double.isInfinite(scale)) {
            faults.add(
                    path + ".scale", "is " + scale + ", must be a positive number", "1 leaves the weights as they are");
        }
    }
}
