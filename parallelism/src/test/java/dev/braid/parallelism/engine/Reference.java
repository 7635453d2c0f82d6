package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** What reductions must give, element by element: plain loops in the declared order of each algorithm. */
final class Reference {
    private final Values values;
    private final DType dtype;
    private final ReduceOp op;
    private final Algorithm order;
    private final int[] starts;
    private final List<List<Integer>> hosts;

    /**
     * @param order an algorithm with an order of its own, or any other for the canonical one
     * @param starts where the contribution of each group rank starts among the values
     * @param hosts group ranks by host
     */
    Reference(Values values, DType dtype, ReduceOp op, Algorithm order, int[] starts, List<List<Integer>> hosts) {
        this.values = values;
        this.dtype = dtype;
        this.op = op;
        this.order = order;
        this.starts = starts;
        this.hosts = hosts;
    }

    /** The reduction of slices with {@code counts} elements, all of them one after the other. */
    byte[] reduced(long[] counts) {
        long count = 0;
        for (long each : counts) {
            count += each;
        }
        ByteBuffer result =
                ByteBuffer.allocate(Math.toIntExact(count * dtype.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        int index = 0;
        for (int slice = 0; slice < counts.length; slice++) {
            for (long end = index + counts[slice]; index < end; index++) {
                put(result, index, slice);
            }
        }
        return result.array();
    }

    private void put(ByteBuffer result, int index, int slice) {
        switch (dtype) {
            case F32 -> result.putFloat(real(index, slice));
            case BF16 -> result.putShort(DType.toBf16(real(index, slice)));
            case I32 -> result.putInt(whole(index));
            case I8 -> result.put((byte) whole(index));
        }
    }

    private int whole(int index) {
        int result = values.whole(dtype, starts[0] + index);
        for (int rank = 1; rank < starts.length; rank++) {
            int value = values.whole(dtype, starts[rank] + index);
            result = op == ReduceOp.MAX ? Math.max(result, value) : result + value;
        }
        return result;
    }

    private float real(int index, int slice) {
        float[] x = new float[starts.length];
        for (int rank = 0; rank < x.length; rank++) {
            x[rank] = values.real(dtype, starts[rank] + index);
        }
        return x.length == 1
                ? x[0]
                : switch (order) {
                    case RING -> ring(x, slice);
                    case RECURSIVE_DOUBLING -> doubling(x);
                    case HIERARCHICAL -> hierarchical(x);
                    case AUTO, DIRECT, GATHER_ADD, TREE -> canonical(x);
                };
    }

    private float scale() {
        return op == ReduceOp.MEAN ? 1f / starts.length : 1f;
    }

    /** What a sum becomes when it travels. */
    private float wire(float value) {
        return dtype == DType.BF16 ? DType.fromBf16(DType.toBf16(value)) : value;
    }

    private float combine(float sum, float value) {
        return op == ReduceOp.MAX ? Math.max(sum, value) : sum + value;
    }

    private float canonical(float[] x) {
        float sum = x[0];
        for (int rank = 1; rank < x.length; rank++) {
            sum = combine(sum, x[rank]);
        }
        return wire(sum * scale());
    }

    private float ring(float[] x, int slice) {
        int n = x.length;
        float sum = x[(slice + 1) % n];
        for (int step = 2; step < n; step++) {
            sum = wire(combine(sum, x[(slice + step) % n]));
        }
        return wire(combine(sum, x[slice]) * scale());
    }

    private float doubling(float[] x) {
        int power = Integer.highestOneBit(x.length);
        for (int rank = power; rank < x.length; rank++) {
            x[rank - power] = wire(combine(x[rank - power], x[rank]));
        }
        for (int width = power; width > 2; width /= 2) {
            for (int pair = 0; pair < width / 2; pair++) {
                x[pair] = wire(combine(x[2 * pair], x[2 * pair + 1]));
            }
        }
        return wire(combine(x[0], x[1]) * scale());
    }

    private float hierarchical(float[] x) {
        float sum = 0;
        for (int host = 0; host < hosts.size(); host++) {
            List<Integer> ranks = hosts.get(host);
            float inside = x[ranks.getFirst()];
            for (int rank : ranks.subList(1, ranks.size())) {
                inside = combine(inside, x[rank]);
            }
            sum = host == 0 ? wire(inside) : combine(sum, wire(inside));
        }
        return wire(sum * scale());
    }
}
