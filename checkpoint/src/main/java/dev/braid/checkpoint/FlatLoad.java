package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Loads a part of a tensor from weights that give only ranges of the flattened tensor. */
final class FlatLoad {
    private FlatLoad() {}

    /** Fills {@code local} from {@code localFrom} on with {@code wanted}; reads the rows that have any of it. */
    static void load(Weights weights, String name, Part wanted, Tensor local, long localFrom) throws IOException {
        Shape shape = weights.shape(name);
        DType dtype = weights.dtype(name);
        if (!wanted.inside(shape)) {
            throw new IndexOutOfBoundsException(
                    wanted.describe(shape) + " of tensor \"" + name + "\", which is " + dtype + " " + shape);
        }
        Overlap overlap = new Overlap(new Part(Band.all(shape), 0, shape.count()), wanted);
        int size = dtype.bytes();
        try (Staging staging = new Staging((overlap.end() - overlap.first()) * size)) {
            long step = staging.bytes() / size;
            MemorySegment bytes = staging.segment();
            for (long from = overlap.first(); from < overlap.end(); from += step) {
                long start = from;
                long count = Math.min(step, overlap.end() - from);
                if (overlap.any(start, start + count)) {
                    weights.read(name, start, count, bytes);
                    overlap.runs(
                            start,
                            start + count,
                            (source, target, number) -> local.copyFrom(
                                    localFrom + target - wanted.from(),
                                    number,
                                    bytes.asSlice((source - start) * size, number * size)));
                }
            }
        }
    }
}
