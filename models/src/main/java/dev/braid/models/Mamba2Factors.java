package dev.braid.models;

import dev.braid.config.Key;

/** Fixed factors of the five projections of {@link Mamba2Config}, as a network whose widths were tuned apart has them. */
public record Mamba2Factors(
        @Key(value = "Of the gate z.", byDefault = "1") double z,
        @Key(value = "Of the columns x.", byDefault = "1") double x,
        @Key(value = "Of the rows B.", byDefault = "1") double b,
        @Key(value = "Of the rows C.", byDefault = "1") double c,

        @Key(value = "Of the steps, before their bias.", byDefault = "1")
        double dt) {

    /** In the order of the projections. */
    double[] values() {
        return new double[] {z, x, b, c, dt};
    }
}
