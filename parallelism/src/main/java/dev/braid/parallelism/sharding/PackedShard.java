package dev.braid.parallelism.sharding;

import dev.braid.tensor.BlockFormat;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.BlockQuantization;
import dev.braid.tensor.ops.Elementwise;
import java.util.ArrayList;
import java.util.List;

/**
 * How one rank's shard of a unit lies in a message: runs of matrices quantised, runs of vectors as they are, one after the other.
 * Shards are cut between blocks of a parameter, so what a number becomes does not depend on the cut. Immutable.
 */
final class PackedShard {
    /**
     * A run of one parameter.
     *
     * @param from its first byte in the unit's buffer
     * @param at its first byte in the message
     */
    private record Run(long from, DType dtype, long count, boolean quantized, long at, long bytes) {
        Tensor in(Tensor buffer, long origin) {
            return buffer.view(from - origin, dtype, Shape.of(count));
        }

        Tensor packed(Tensor message, long start) {
            return quantized ? message.rows(start + at, bytes) : message.view(start + at, dtype, Shape.of(count));
        }
    }

    private final BlockFormat format;
    private final List<Run> runs = new ArrayList<>();
    private long bytes;

    private PackedShard(BlockFormat format) {
        this.format = format;
    }

    /** Of what {@code rank} holds of a unit's values. */
    static PackedShard ofValues(UnitLayout layout, int rank, BlockFormat format) {
        PackedShard shard = new PackedShard(format);
        for (UnitLayout.Piece piece : layout.pieces(rank)) {
            shard.add(
                    piece,
                    layout.byteOf(piece.entry(), piece.from()),
                    piece.entry().weight().dtype());
        }
        return shard;
    }

    /** Of what {@code rank} holds of a unit's gradient. */
    static PackedShard ofGradient(UnitLayout layout, int rank, BlockFormat format) {
        PackedShard shard = new PackedShard(format);
        for (UnitLayout.Piece piece : layout.pieces(rank)) {
            shard.add(piece, layout.elementOf(piece.entry(), piece.from()) * Float.BYTES, DType.F32);
        }
        return shard;
    }

    private void add(UnitLayout.Piece piece, long from, DType dtype) {
        boolean quantized = piece.entry().spec().matrix();
        long size = quantized ? format.bytes(piece.count()) : piece.count() * dtype.bytes();
        runs.add(new Run(from, dtype, piece.count(), quantized, bytes, size));
        bytes += size;
    }

    /** Bytes of the message. */
    long bytes() {
        return bytes;
    }

    /**
     * Packs the shard.
     *
     * @param buffer the unit's, from its byte {@code origin} on
     * @param start where the message begins in {@code message}, I8
     */
    void pack(Compute compute, Tensor buffer, long origin, Tensor message, long start) {
        for (Run run : runs) {
            if (run.quantized) {
                BlockQuantization.quantize(compute, format, run.in(buffer, origin), run.packed(message, start));
            } else {
                Elementwise.convert(compute, run.in(buffer, origin), run.packed(message, start));
            }
        }
    }

    /** Puts the shard into its place in {@code buffer}, the unit's. */
    void unpack(Compute compute, Tensor message, long start, Tensor buffer) {
        for (Run run : runs) {
            if (run.quantized) {
                BlockQuantization.dequantize(compute, format, run.packed(message, start), run.in(buffer, 0));
            } else {
                Elementwise.convert(compute, run.packed(message, start), run.in(buffer, 0));
            }
        }
    }

    /** Adds the messages that begin at {@code starts}, in that order, to its place in {@code buffer}, the unit's of F32. */
    void add(Compute compute, Tensor message, List<Long> starts, Tensor buffer) {
        for (Run run : runs) {
            List<Tensor> sources =
                    starts.stream().map(start -> run.packed(message, start)).toList();
            Tensor target = run.in(buffer, 0);
            if (run.quantized) {
                BlockQuantization.add(compute, format, sources, target);
            } else {
                sources.forEach(source -> Elementwise.add(compute, target, source, target));
            }
        }
    }
}
