package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.TensorAxis;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Rows on their way between the ranks of an expert axis. */
final class RowExchange {
    private final Tape tape;
    private final Tensor received;
    private Tensor sent;
    private TensorAxis.Transfer transfer = TensorAxis.Transfer.DONE;
    private boolean entrusted;

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
        boolean started = false;
        try {
            transfer = tape.experts().exchange(rows, elements(out, columns), received, elements(in, columns));
            started = true;
        } finally {
            if (!started) {
                drop();
            }
        }
        return this;
    }

    private static long[] elements(int[] rows, long columns) {
        long[] counts = new long[rows.length];
        for (int rank = 0; rank < counts.length; rank++) {
            counts[rank] = rows[rank] * columns;
        }
        return counts;
    }

    /** Has the tape give the rows back when its current scope ends before {@link #await}, since something between has failed. */
    RowExchange entrust() {
        tape.own(sent);
        tape.own(received);
        entrusted = true;
        return this;
    }

    /** Waits for them, in the scope in which they were entrusted to the tape; the caller releases them. */
    Tensor await() {
        if (entrusted) {
            tape.disown(sent);
            tape.disown(received);
        }
        boolean arrived = false;
        try {
            tape.compute().profile().time("experts.exchange", 0, transfer::await);
            arrived = true;
        } finally {
            sent.release();
            if (!arrived) {
                received.release();
            }
        }
        return received;
    }

    /** Waits for them and has {@code reader} read them. */
    void read(Consumer<Tensor> reader) {
        Tensor rows = await();
        try {
            reader.accept(rows);
        } finally {
            rows.release();
        }
    }

    /** Nobody will wait for them. What peers may still write holds on to its memory itself. */
    void drop() {
        sent.release();
        received.release();
    }

    /** What begins at one operation of backward and ends at a later one. */
    static final class Pending {
        private record Begun(Runnable end, Runnable drop, List<Tensor> needed) {
            void giveBack() {
                needed.forEach(Tensor::release);
            }
        }

        private Optional<Begun> begun = Optional.empty();

        private Pending() {}

        /** What ends when backward comes by what is recorded before this call, which lets the other of a pair run first. */
        static Pending givingWay(Tape tape) {
            Pending pending = new Pending();
            tape.whenArrived(pending::end, pending::forget);
            return pending;
        }

        /** The same without giving way. */
        static Pending of(Tape tape) {
            Pending pending = new Pending();
            tape.whenPassed(pending::end, pending::forget);
            return pending;
        }

        /**
         * It has begun; once at a time.
         *
         * @param end to end it; in its stead {@code drop} is called when backward has failed
         * @param needed tensors that the end reads
         */
        void begin(Runnable end, Runnable drop, List<Tensor> needed) {
            needed.forEach(Tensor::retain);
            begun = Optional.of(new Begun(end, drop, needed));
        }

        private void end() {
            take().ifPresent(each -> {
                try {
                    each.end.run();
                } finally {
                    each.giveBack();
                }
            });
        }

        /** Backward has failed. */
        private void forget() {
            take().ifPresent(each -> {
                each.drop.run();
                each.giveBack();
            });
        }

        private Optional<Begun> take() {
            Optional<Begun> taken = begun;
            begun = Optional.empty();
            return taken;
        }
    }
}
