package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.ops.CausalConvolution;

/** Rules on heads that configs of mixers share. */
final class HeadRules {
    private HeadRules() {}

    /** A number must be at least 1. */
    static boolean positive(Faults faults, String key, int value) {
        if (value < 1) {
            faults.add(key, "is " + value + ", must be at least 1", "");
        }
        return value >= 1;
    }

    /** A head's size must be one that the kernels take. */
    static void size(Faults faults, String key, int value) {
        if (value < 1 || value > Heads.MAXIMUM_HEAD_SIZE) {
            faults.add(key, "makes heads of size " + value + ", allowed are 1 to " + Heads.MAXIMUM_HEAD_SIZE, "");
        }
    }

    /** {@code part}, at {@code key}, must divide {@code whole}. */
    static void divides(Faults faults, String key, int part, String what, int whole) {
        if (part >= 1 && whole % part != 0) {
            faults.add(key, "is " + part + ", which does not divide " + what + " " + whole, "");
        }
    }

    /** The rotated part of heads of {@code size} must be pairs. */
    static void rotatedPart(Faults faults, String path, RopeConfig rope, int size) {
        int rotated = rope.rotated(size);
        if (rotated < 2 || rotated % 2 != 0) {
            faults.add(
                    path + ".rope.fraction",
                    "rotates " + rotated + " of the " + size + " values of a head, but they turn in pairs",
                    "choose a fraction that makes an even number");
        }
    }

    /** A convolution's width must be one that the kernels take. */
    static void convolution(Faults faults, String key, int value) {
        if (value < 2 || value > CausalConvolution.MAXIMUM_WIDTH) {
            faults.add(key, "is " + value + ", must be from 2 to " + CausalConvolution.MAXIMUM_WIDTH, "4 is usual");
        }
    }

    /** The width of the model must divide into heads where their size is not given. */
    static boolean divideWidth(Faults faults, String path, int heads, int dim) {
        if (dim % heads != 0) {
            faults.add(
                    path + ".heads",
                    "is " + heads + ", which does not divide model.dim " + dim,
                    "choose a divisor, or give the size of a head");
        }
        return dim % heads == 0;
    }
}
