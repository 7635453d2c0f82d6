package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ExpertRows;
import dev.braid.tensor.routing.Assignment;
import dev.braid.tensor.routing.ExpertRoutes;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * From the rank of a token straight to each rank that has an expert of it.
 *
 * @param rowsHere rows from each rank
 * @param here their order by expert
 */
record DirectRoute(Tape tape, ExpertRoutes routes, int[] rowsHere, Assignment here) implements TokenRoute {
    @Override
    public Journey send(Tensor x, boolean entrusted) {
        long columns = x.shape().columns();
        Tensor sent = room(x, Arrays.stream(routes.rows()).sum(), columns);
        ExpertRows.pick(tape.compute(), routes.tokenOfRow(), x, sent);
        RowExchange exchange = new RowExchange(
                        tape, room(x, Arrays.stream(rowsHere).sum(), columns))
                .start(sent, routes.rows(), rowsHere);
        if (entrusted) {
            exchange.entrust();
        }
        return new Direct(exchange);
    }

    /** Rows on their way. */
    private final class Direct implements Journey {
        private final RowExchange exchange;

        Direct(RowExchange exchange) {
            this.exchange = exchange;
        }

        @Override
        public Tensor arrange(Supplier<Tensor> room) {
            Tensor received = exchange.await();
            try {
                Tensor arranged = room.get();
                ExpertRows.gather(tape.compute(), here, received, arranged);
                return arranged;
            } finally {
                received.release();
            }
        }

        @Override
        public void drop() {
            exchange.drop();
        }
    }

    private Tensor room(Tensor x, long rows, long columns) {
        return tape.compute().memory().allocate(Category.COMMUNICATION, x.dtype(), Shape.of(rows, columns));
    }

    @Override
    public List<Tensor> places() {
        return List.of(routes.tokenOfRow());
    }
}
