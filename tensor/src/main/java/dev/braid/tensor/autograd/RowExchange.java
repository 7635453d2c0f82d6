package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.TensorAxis;
import java.util.List;
import java.util.Optional;

/** Rows on their way between the ranks of an expert axis. */
final class RowExchange {
    private final Tape tape;
    private final Tensor received;
    private Tensor sent;
    private TensorAxis.Transfer transfer = TensorAxis.Transfer.DONE;

    /** @param received [rows, columns], where they will lie; taken over */
    RowExchange(Tape tape, Tensor received) {
        this.tape = tape;
        this.received = received;
    }

    /**
     * Sends for them.
     *
     * @param rows [rows, columns] that go out, those for rank 0 first; taken over, and not to be written any more
     * @param out of these, how many to each rank
     * @param in rows from each rank
     */
    RowExchange start(Tensor rows, int[] out, int[] in) {
        sent = rows;
        long columns = rows.shape().columns();
        transfer = tape.experts().exchange(rows, elements(out, columns), received, elements(in, columns));
        return this;
    }

    private static long[] elements(int[] rows, long columns) {
        long[] counts = new long[rows.length];
        for (int rank = 0; rank < counts.length; rank++) {
            counts[rank] = rows[rank] * columns;
        }
        return counts;
    }

    /** Waits for them; the caller releases them. */
    Tensor await() {
        tape.compute().profile().time("experts.exchange", 0, transfer::await);
        sent.release();
        return received;
    }

    /** An exchange that begins at one operation of backward and ends at a later one. */
    static final class Pending {
        private Optional<RowExchange> exchange = Optional.empty();
        private List<Tensor> needed = List.of();

        /** @param tensors that the end reads */
        void set(RowExchange started, List<Tensor> tensors) {
            exchange = Optional.of(started);
            needed = tensors;
            needed.forEach(Tensor::retain);
        }

        Optional<RowExchange> take() {
            Optional<RowExchange> taken = exchange;
            exchange = Optional.empty();
            return taken;
        }

        void release() {
            needed.forEach(Tensor::release);
            needed = List.of();
        }

        /** Backward has failed: peers may still write into the rows, which go back with the rank's memory. */
        void forget() {
            exchange = Optional.empty();
            release();
        }
    }
}
