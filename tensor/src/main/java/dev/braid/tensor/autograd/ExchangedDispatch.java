package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.ops.ExpertRows;
import dev.braid.tensor.routing.Assignment;
import dev.braid.tensor.routing.ExpertRoutes;
import dev.braid.tensor.routing.RowGroups;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * The way of tokens to experts on several ranks. A row goes once to each rank that has an expert of its token, in both directions of
 * the tape; back comes a row for each expert. So with {@code s} experts of its tokens elsewhere, on {@code m} other ranks counted
 * token by token, a rank sends {@code m D} elements in forward and in backward, and gets {@code s D} back each time.
 */
final class ExchangedDispatch implements ExpertDispatch {
    /** What a rank tells another beforehand: rows and slots. */
    private static final int FIGURES = 2;

    private final Tape tape;
    private final ExpertRoutes routes;

    /** Rows from each rank, and slots in them. */
    private final int[] rowsHere;

    private final int[] slotsHere;

    /** The rows that have come, whose experts are this rank's own. */
    private final Assignment here;

    /** I32: the sorted row of each slot that has come, in the order of arrival. */
    private final Tensor sorted;

    ExchangedDispatch(Tape tape, Tensor selected, int experts, int expected) {
        this.tape = tape;
        int ranks = tape.experts().ranks();
        this.routes = ExpertRoutes.of(tape.compute(), selected, experts, ranks, expected, tape::output);
        this.rowsHere = new int[ranks];
        this.slotsHere = new int[ranks];
        tell();
        int width = width();
        Tensor chosen = new RowExchange(tape, room(DType.I32, total(rowsHere), width))
                .start(routes.chosen().retain(), routes.rows(), rowsHere)
                .await();
        this.here = Assignment.of(tape.compute(), chosen, experts / ranks, total(slotsHere), tape::output);
        this.sorted = tape.output(DType.I32, Shape.of(total(slotsHere)));
        if (!tape.compute().workers().rehearsing()) {
            pack();
        }
        chosen.release();
    }

    private int width() {
        return Math.toIntExact(routes.chosen().shape().columns());
    }

    private static int total(int[] counts) {
        return Arrays.stream(counts).sum();
    }

    private Tensor room(DType dtype, long rows, long columns) {
        return tape.compute().memory().allocate(Category.COMMUNICATION, dtype, Shape.of(rows, columns));
    }

    /** Every rank tells every other how much it sends. */
    private void tell() {
        int ranks = tape.experts().ranks();
        if (tape.compute().workers().rehearsing()) {
            // What goes out evenly comes in evenly.
            Arrays.fill(rowsHere, routes.rows()[0]);
            Arrays.fill(slotsHere, routes.slots()[0]);
            return;
        }
        Tensor mine = room(DType.I32, ranks, FIGURES);
        for (int rank = 0; rank < ranks; rank++) {
            mine.setInt((long) FIGURES * rank, routes.rows()[rank]);
            mine.setInt((long) FIGURES * rank + 1, routes.slots()[rank]);
        }
        int[] ones = new int[ranks];
        Arrays.fill(ones, 1);
        Tensor theirs = new RowExchange(tape, room(DType.I32, ranks, FIGURES))
                .start(mine, ones, ones)
                .await();
        for (int rank = 0; rank < ranks; rank++) {
            rowsHere[rank] = theirs.getInt((long) FIGURES * rank);
            slotsHere[rank] = theirs.getInt((long) FIGURES * rank + 1);
        }
        theirs.release();
    }

    private void pack() {
        long slot = 0;
        long places = here.rowOfSlot().address();
        for (long place = 0; place < here.rowOfSlot().count(); place++) {
            int row = Addresses.getInt(places, place);
            if (row >= 0) {
                Addresses.setInt(sorted.address(), slot++, row);
            }
        }
    }

    @Override
    public RowGroups groups() {
        return here.groups();
    }

    private List<Tensor> places() {
        return List.of(
                routes.tokenOfRow(),
                routes.placeOfSlot(),
                routes.returns().slotOfRow(),
                routes.returns().rowOfSlot(),
                here.slotOfRow(),
                here.rowOfSlot(),
                sorted);
    }

    /** Sends the rows of tokens [n, D] to their experts. */
    private RowExchange out(Tensor x) {
        Tensor sent = room(x.dtype(), total(routes.rows()), x.shape().columns());
        ExpertRows.pick(tape.compute(), routes.tokenOfRow(), x, sent);
        return new RowExchange(tape, room(x.dtype(), total(rowsHere), x.shape().columns()))
                .start(sent, routes.rows(), rowsHere);
    }

    /** Waits for rows of tokens and sorts them by expert into what {@code room} makes then. */
    private Tensor arrange(RowExchange exchange, Supplier<Tensor> room) {
        Tensor received = exchange.await();
        Tensor arranged = room.get();
        ExpertRows.gather(tape.compute(), here, received, arranged);
        received.release();
        return arranged;
    }

    /** Sends sorted rows back to where their tokens are, one for each slot. */
    private RowExchange back(Tensor arranged) {
        Tensor sent = room(arranged.dtype(), total(slotsHere), arranged.shape().columns());
        ExpertRows.pick(tape.compute(), sorted, arranged, sent);
        return new RowExchange(
                        tape,
                        room(
                                arranged.dtype(),
                                total(routes.slots()),
                                arranged.shape().columns()))
                .start(sent, slotsHere, routes.slots());
    }

    @Override
    public Arrival send(Variable x) {
        Tensor value = x.value();
        RowExchange there = out(value).entrust();
        // The gradient's way back begins where the rows arrive and ends here, behind all that runs in between.
        RowExchange.Pending gradients = new RowExchange.Pending();
        tape.whenPassed(
                () -> {
                    try {
                        gradients.take().ifPresent(exchange -> addReturned(exchange, x));
                    } finally {
                        gradients.release();
                    }
                },
                gradients::forget);
        return () -> {
            Tensor arranged = arrange(there, () -> tape.output(value.dtype(), Shape.of(groups().rows(), x.columns())));
            return tape.record(
                    arranged,
                    places(),
                    gradient -> {
                        if (x.differentiable()) {
                            gradients.set(back(gradient), places());
                        }
                    },
                    null);
        };
    }

    private void addReturned(RowExchange exchange, Variable x) {
        Tensor returned = exchange.await();
        Tensor existing = x.takeGradient();
        boolean inPlace = existing != null && existing.exclusive();
        Tensor sum =
                inPlace ? existing : tape.temporary(returned.dtype(), x.value().shape());
        ExpertRows.sum(tape.compute(), routes.returns(), returned, existing, sum);
        if (existing != null && !inPlace) {
            existing.release();
        }
        x.setGradient(sum);
        returned.release();
    }

    @Override
    public Variable weights(Variable weights) {
        Compute compute = tape.compute();
        Tensor sent =
                compute.memory().zeros(Category.COMMUNICATION, DType.F32, Shape.of(total(routes.rows()), width()));
        if (!compute.workers().rehearsing()) {
            place(weights.value(), sent);
        }
        Tensor received = new RowExchange(tape, room(DType.F32, total(rowsHere), width()))
                .start(sent, routes.rows(), rowsHere)
                .await();
        Tensor out = tape.output(DType.F32, Shape.of(groups().rows(), 1));
        if (!compute.workers().rehearsing()) {
            ExpertRows.slots(here, received, out);
        }
        received.release();
        Shape shape = weights.value().shape();
        return tape.record(
                out,
                places(),
                gradient -> {
                    if (weights.differentiable()) {
                        tape.addGradient(weights, returnWeights(gradient, shape));
                    }
                },
                null);
    }

    private void place(Tensor weights, Tensor sent) {
        for (long slot = 0; slot < weights.count(); slot++) {
            int place = Addresses.getInt(routes.placeOfSlot().address(), slot);
            if (place >= 0) {
                Addresses.setFloat(sent.address(), place, Addresses.getFloat(weights.address(), slot));
            }
        }
    }

    private Tensor returnWeights(Tensor gradient, Shape shape) {
        Tensor sent = room(DType.F32, total(rowsHere), width());
        if (!tape.compute().workers().rehearsing()) {
            ExpertRows.rows(here, gradient, sent);
        }
        Tensor returned = new RowExchange(tape, room(DType.F32, total(routes.rows()), width()))
                .start(sent, rowsHere, routes.rows())
                .await();
        Tensor passed = tape.temporary(DType.F32, shape);
        if (!tape.compute().workers().rehearsing()) {
            ExpertRows.spread(routes.placeOfSlot(), returned, passed);
        }
        returned.release();
        return passed;
    }

    @Override
    public Variable combine(Variable rows, Variable residual) {
        Compute compute = tape.compute();
        Tensor value = rows.value();
        Tensor returned = back(value).await();
        Tensor out = tape.output(value.dtype(), Shape.of(routes.returns().tokens(), rows.columns()));
        ExpertRows.sum(compute, routes.returns(), returned, residual.zeros() ? null : residual.value(), out);
        returned.release();
        Shape shape = value.shape();
        return tape.record(
                out,
                places(),
                gradient -> {
                    if (rows.differentiable()) {
                        tape.addGradient(rows, arrange(out(gradient), () -> tape.temporary(gradient.dtype(), shape)));
                    }
                    if (!residual.zeros()) {
                        tape.addGradient(residual, gradient.retain());
                    }
                },
                null);
    }
}
