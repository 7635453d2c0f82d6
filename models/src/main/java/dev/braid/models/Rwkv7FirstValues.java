package dev.braid.models;

import java.util.function.LongToDoubleFunction;

/**
 * What the vectors of RWKV-7 start from, by layer and channel, as its authors start them (BlinkDL's RWKV-LM, RWKV-v7): late layers
 * look back less, and the channels of a head keep what they hold for different times.
 *
 * @param early 1 in the first layer, near 0 in the last one
 * @param late 0 in the first layer, 1 in the last one
 * @param depth the number of the layer, counted from 1, by that of all
 */
record Rwkv7FirstValues(int dim, int headSize, double early, double late, double depth) {
    Rwkv7FirstValues(ModelConfig model, int layer, int headSize) {
        this(
                model.dim(),
                headSize,
                1 - (double) layer / model.layers(),
                (double) layer / Math.max(1, model.layers() - 1),
                (layer + 1.0) / model.layers());
    }

    /** How far the input goes towards the token before: less in later channels. */
    LongToDoubleFunction shift(double exponent) {
        return channel -> 1 - StrictMath.pow((double) channel / dim, exponent * early);
    }

    /** The same for a feed-forward. */
    LongToDoubleFunction feedForwardShift() {
        return channel -> 1 - StrictMath.pow((double) channel / dim, early * early * early * early);
    }

    /** Before the sigmoid of the decay. */
    LongToDoubleFunction decay() {
        double exponent = 1 + StrictMath.pow(late, 0.3);
        return channel -> -5.5 + 6 * StrictMath.pow(place(channel), exponent) + 2.5 * zigzag(channel);
    }

    /** Before the sigmoid of the rate of erasing. */
    LongToDoubleFunction rate() {
        return channel -> -0.19 + 0.3 * zigzag(channel) + 0.4 * (place(channel) - 0.5);
    }

    /** Before the sigmoid that mixes in the first layer's values. */
    LongToDoubleFunction valueMix() {
        return channel -> 0.73 - 0.4 * (place(channel) - 0.5);
    }

    /** Factor of the removal keys. */
    LongToDoubleFunction removal() {
        return channel -> 0.71 - 0.1 * (place(channel) - 0.5);
    }

    /** Weight of the norm of what is read. */
    LongToDoubleFunction norm() {
        return channel -> StrictMath.pow(depth, 0.7);
    }

    /** From 0 in the first channel to 1 in the last one. */
    private double place(long channel) {
        return (double) channel / Math.max(1, dim - 1);
    }

    /** From -1 to 1 over each head, flat in its middle. */
    private double zigzag(long channel) {
        double middle = (headSize - 1) / 2.0;
        double x = middle == 0 ? 0 : (channel % headSize - middle) / middle;
        return x * Math.abs(x);
    }
}
