package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.tensor.DType;

/**
 * Moves slices straight from where they are to where they belong: all-gather, gather and all-to-all. Each is described by what
 * this rank sends to and receives from every rank.
 */
final class Exchange extends Operation {
    private final long input;
    private final long[] sendStarts;
    private final long[] sendBytes;
    private final long output;
    private final long[] receiveStarts;
    private final long[] receiveBytes;

    Exchange(
            Engine engine,
            Group group,
            OperationKind kind,
            DType dtype,
            long bytes,
            long input,
            long[] sendStarts,
            long[] sendBytes,
            long output,
            long[] receiveStarts,
            long[] receiveBytes) {
        super(engine, group, kind, dtype, null, Algorithm.DIRECT, bytes);
        this.input = input;
        this.sendStarts = sendStarts;
        this.sendBytes = sendBytes;
        this.output = output;
        this.receiveStarts = receiveStarts;
        this.receiveBytes = receiveBytes;
    }

    @Override
    void start() {
        int rank = rank();
        for (int step = 1; step < size(); step++) {
            int to = (rank + step) % size();
            if (sendBytes[to] > 0) {
                send(to, 0, input + sendStarts[to], sendBytes[to], sendBytes[to]);
            }
            int from = (rank + size() - step) % size();
            receive(from, 0, receiveBytes[from], output + receiveStarts[from], any -> {});
        }
        copy(input + sendStarts[rank], output + receiveStarts[rank], receiveBytes[rank]);
    }
}
