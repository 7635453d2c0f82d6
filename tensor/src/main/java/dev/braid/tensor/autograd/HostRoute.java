package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ExpertRows;
import dev.braid.tensor.routing.HandedRows;
import dev.braid.tensor.routing.HostRows;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * From the rank of a token to each rank of its own host that has an expert of it, and once to each other host that has one; there a
 * rank hands it on to its neighbours. Rows are copied and never added up on the way, so they arrive with the bits that they would have
 * without a stop, and are sorted alike.
 *
 * <p>The second leg begins when somebody waits for the rows: only the first one, between hosts, is hidden by what runs before.
 *
 * @param rows that go out
 * @param came rows from each rank, for this one or its neighbours
 * @param handed what happens to them
 */
record HostRoute(Tape tape, HostRows rows, int[] came, HandedRows handed) implements TokenRoute {
    @Override
    public Journey send(Tensor x, boolean entrusted) {
        long columns = x.shape().columns();
        long direct = total(came);
        Tensor sent = room(x, total(rows.rows()), columns);
        ExpertRows.pick(tape.compute(), rows.tokenOfRow(), x, sent);
        // What comes by itself and what neighbours hand on lie in one tensor, from which rows are sorted.
        Tensor all = room(x, direct + total(handed.in()), columns);
        RowExchange exchange = start(sent, all, direct);
        if (entrusted) {
            exchange.entrust();
            tape.own(all);
        }
        return new Relayed(exchange, all, direct, entrusted);
    }

    /** Rows on their way: the first {@code direct} of {@code all}, and those that neighbours hand on. */
    private final class Relayed implements Journey {
        private final RowExchange exchange;
        private final Tensor all;
        private final long direct;
        private final boolean entrusted;

        Relayed(RowExchange exchange, Tensor all, long direct, boolean entrusted) {
            this.exchange = exchange;
            this.all = all;
            this.direct = direct;
            this.entrusted = entrusted;
        }

        @Override
        public Tensor arrange(Supplier<Tensor> room) {
            if (entrusted) {
                tape.disown(all);
            }
            try {
                handOn(exchange.await(), all, direct);
                Tensor arranged = room.get();
                ExpertRows.pickOrZero(tape.compute(), handed.placeOfRow(), all, arranged);
                return arranged;
            } finally {
                all.release();
            }
        }

        @Override
        public void drop() {
            exchange.drop();
            all.release();
        }
    }

    private RowExchange start(Tensor sent, Tensor all, long direct) {
        boolean started = false;
        try {
            RowExchange exchange = new RowExchange(tape, all.rows(0, direct).retain()).start(sent, rows.rows(), came);
            started = true;
            return exchange;
        } finally {
            if (!started) {
                all.release();
            }
        }
    }

    /** Hands rows that have come on to neighbours, and waits for those that neighbours hand on to this rank. */
    private void handOn(Tensor come, Tensor all, long direct) {
        Tensor passing;
        try {
            passing = room(come, total(handed.out()), come.shape().columns());
            ExpertRows.pick(tape.compute(), handed.places(), come, passing);
        } finally {
            come.release();
        }
        new RowExchange(tape, all.rows(direct, total(handed.in())).retain())
                .start(passing, handed.out(), handed.in())
                .await()
                .release();
    }

    private static long total(int[] counts) {
        return Arrays.stream(counts).sum();
    }

    private Tensor room(Tensor like, long count, long columns) {
        return tape.compute().memory().allocate(Category.COMMUNICATION, like.dtype(), Shape.of(count, columns));
    }

    @Override
    public List<Tensor> places() {
        return List.of(rows.tokenOfRow(), handed.places(), handed.placeOfRow());
    }
}
