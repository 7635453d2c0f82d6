package dev.braid.parallelism.engine;

import dev.braid.tensor.DType;

/** Collectives that are plain exchanges, in terms of what goes where. Bytes throughout. */
final class Collectives {
    private Collectives() {}

    /** {@code starts}: byte at which each rank's slice starts in the output, and the end. */
    static Exchange allGather(Engine engine, Group group, DType dtype, long input, long output, long[] starts) {
        int n = group.size();
        long[] mine = new long[n];
        java.util.Arrays.fill(mine, starts[group.rank + 1] - starts[group.rank]);
        return new Exchange(
                engine,
                group,
                OperationKind.ALL_GATHER,
                dtype,
                starts[n],
                input,
                new long[n],
                mine,
                output,
                starts,
                sizes(starts));
    }

    /** All ranks' inputs of {@code bytes} bytes, one after the other, at the root. */
    static Exchange gather(Engine engine, Group group, DType dtype, long bytes, long input, long output, int root) {
        int n = group.size();
        long[] send = new long[n];
        send[root] = bytes;
        long[] starts = new long[n];
        long[] receive = new long[n];
        if (group.rank == root) {
            for (int rank = 0; rank < n; rank++) {
                starts[rank] = rank * bytes;
                receive[rank] = bytes;
            }
        }
        return new Exchange(
                engine,
                group,
                OperationKind.GATHER,
                dtype,
                bytes * n,
                input,
                new long[n],
                send,
                output,
                starts,
                receive);
    }

    static Exchange allToAll(
            Engine engine, Group group, DType dtype, long input, long[] sendStarts, long output, long[] receiveStarts) {
        return new Exchange(
                engine,
                group,
                OperationKind.ALL_TO_ALL,
                dtype,
                sendStarts[group.size()],
                input,
                sendStarts,
                sizes(sendStarts),
                output,
                receiveStarts,
                sizes(receiveStarts));
    }

    private static long[] sizes(long[] starts) {
        long[] sizes = new long[starts.length - 1];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = starts[i + 1] - starts[i];
        }
        return sizes;
    }
}
