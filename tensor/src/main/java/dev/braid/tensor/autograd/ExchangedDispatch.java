package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.ops.ExpertRows;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.routing.Assignment;
import dev.braid.tensor.routing.ExpertRoutes;
import dev.braid.tensor.routing.HandedRows;
import dev.braid.tensor.routing.HostRows;
import dev.braid.tensor.routing.RowGroups;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The way of tokens to experts on several ranks. A row goes once to each rank that has an expert of its token, in both directions of
 * the tape; back comes a row for each expert. So with {@code s} experts of its tokens elsewhere, on {@code m} other ranks counted
 * token by token, a rank sends {@code m D} elements in forward and in backward, and gets {@code s D} back each time.
 *
 * <p>Where ranks share hosts, see {@link dev.braid.tensor.parameters.ExpertHosts#relays}, a row crosses once to each other host instead
 * ({@link HostRoute}), as a token's row does in the kernels of DeepSeek-V3 (arXiv 2412.19437, 3.2.2). Back comes a row for each expert
 * all the same: a sum on the other host would have another order, and its bits would depend on where ranks are.
 */
final class ExchangedDispatch implements ExpertDispatch {
    private final Tape tape;
    private final ExpertRoutes routes;

    /** Rows with experts here from each rank, and slots in them. */
    private final int[] rowsHere;

    private final int[] slotsHere;

    /** The rows that have come, whose experts are this rank's own. */
    private final Assignment here;

    /** I32: the sorted row of each slot that has come, in the order of arrival. */
    private final Tensor sorted;

    private final TokenRoute route;

    /** The weights' gradients on their way back; there when rows have been sent, and weights not yet. */
    private Optional<RowExchange.Pending> weightGradients = Optional.empty();

    ExchangedDispatch(Tape tape, Tensor selected, int experts, int expected) {
        this.tape = tape;
        ExpertHosts hosts = tape.experts().hosts();
        int ranks = tape.experts().ranks();
        this.routes = ExpertRoutes.of(tape.compute(), selected, experts, ranks, expected, tape::output);
        // Only where ranks hand on rows.
        List<HostRows> between = hosts.relays()
                ? List.of(HostRows.of(
                        tape.compute(), routes, hosts, tape.experts().rank(), tape::output))
                : List.of();
        List<int[]> heard = hear(hosts, between);
        this.rowsHere = heard.get(0);
        this.slotsHere = heard.get(1);
        RowExchange lists = new RowExchange(tape, room(DType.I32, total(rowsHere), width()))
                .start(routes.chosen().retain(), routes.rows(), rowsHere)
                .entrust();
        List<RowExchange> needs =
                between.stream().map(rows -> needs(rows, heard.get(2))).toList();
        Tensor chosen = lists.await();
        this.here = Assignment.of(tape.compute(), chosen, experts / ranks, total(slotsHere), tape::output);
        this.sorted = tape.output(DType.I32, Shape.of(total(slotsHere)));
        if (!tape.compute().workers().rehearsing()) {
            pack();
        }
        chosen.release();
        this.route = between.isEmpty()
                ? new DirectRoute(tape, routes, rowsHere, here)
                : relayed(hosts, between.getFirst(), needs.getFirst(), heard.get(2));
    }

    private RowExchange needs(HostRows rows, int[] came) {
        return new RowExchange(
                        tape, room(DType.I32, total(came), rows.needs().shape().columns()))
                .start(rows.needs().retain(), rows.rows(), came)
                .entrust();
    }

    private TokenRoute relayed(ExpertHosts hosts, HostRows rows, RowExchange needs, int[] came) {
        Tensor bits = needs.await();
        HandedRows handed = HandedRows.of(
                tape.compute(),
                new HandedRows.Arrivals(hosts, tape.experts().rank(), came, rowsHere),
                bits,
                here,
                tape::output);
        bits.release();
        return new HostRoute(tape, rows, came, handed);
    }

    /** How many rows with experts here each rank has, how many slots, and, where rows are handed on, how many rows it sends here. */
    private List<int[]> hear(ExpertHosts hosts, List<HostRows> between) {
        List<int[]> mine = new ArrayList<>(List.of(routes.rows(), routes.slots()));
        between.forEach(rows -> mine.add(rows.rows()));
        if (!tape.compute().workers().rehearsing()) {
            return RankFigures.exchange(tape, mine);
        }
        // What goes out evenly comes in evenly.
        int rank = tape.experts().rank();
        int[] rows = new int[hosts.ranks()];
        int[] slots = new int[hosts.ranks()];
        Arrays.fill(rows, routes.rows()[0]);
        Arrays.fill(slots, routes.slots()[0]);
        int tokens = routes.returns().tokens();
        return List.of(rows, slots, HandedRows.Arrivals.even(hosts, rank, rows[0], tokens));
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
        List<Tensor> places = new ArrayList<>(List.of(
                routes.placeOfSlot(),
                routes.returns().slotOfRow(),
                routes.returns().rowOfSlot(),
                here.slotOfRow(),
                here.rowOfSlot(),
                sorted));
        places.addAll(route.places());
        return places;
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
        TokenRoute.Journey there = route.send(value, true);
        // The gradients' way back begins where rows and weights arrive and ends here, behind all that runs in between.
        weightGradients = Optional.of(RowExchange.Pending.of(tape));
        RowExchange.Pending gradients = RowExchange.Pending.givingWay(tape);
        return () -> {
            tape.giveWay();
            Tensor arranged = there.arrange(() -> tape.output(value.dtype(), Shape.of(groups().rows(), x.columns())));
            return tape.record(
                    arranged,
                    places(),
                    gradient -> {
                        if (x.differentiable()) {
                            RowExchange exchange = back(gradient);
                            gradients.begin(() -> addReturned(exchange, x), exchange::drop, places());
                        }
                    },
                    null);
        };
    }

    private void addReturned(RowExchange exchange, Variable x) {
        exchange.read(returned -> {
            Tensor existing = x.takeGradient();
            boolean inPlace = existing != null && existing.exclusive();
            Tensor sum = inPlace
                    ? existing
                    : tape.temporary(returned.dtype(), x.value().shape());
            ExpertRows.sum(tape.compute(), routes.returns(), returned, existing, sum);
            if (existing != null && !inPlace) {
                existing.release();
            }
            x.setGradient(sum);
        });
    }

    @Override
    public Arrival weights(Variable weights) {
        Compute compute = tape.compute();
        RowExchange.Pending gradients = weightGradients.orElseThrow(
                () -> new IllegalStateException("weights follow rows, once: send rows first"));
        weightGradients = Optional.empty();
        Tensor sent =
                compute.memory().zeros(Category.COMMUNICATION, DType.F32, Shape.of(total(routes.rows()), width()));
        if (!compute.workers().rehearsing()) {
            place(weights.value(), sent);
        }
        RowExchange there = new RowExchange(tape, room(DType.F32, total(rowsHere), width()))
                .start(sent, routes.rows(), rowsHere)
                .entrust();
        return () -> {
            Tensor out = tape.output(DType.F32, Shape.of(groups().rows(), 1));
            there.read(received -> {
                if (!compute.workers().rehearsing()) {
                    ExpertRows.slots(here, received, out);
                }
            });
            return tape.record(
                    out,
                    places(),
                    gradient -> {
                        if (weights.differentiable()) {
                            RowExchange exchange = backWeights(gradient);
                            gradients.begin(() -> addReturnedWeights(exchange, weights), exchange::drop, places());
                        }
                    },
                    null);
        };
    }

    private void place(Tensor weights, Tensor sent) {
        for (long slot = 0; slot < weights.count(); slot++) {
            int place = Addresses.getInt(routes.placeOfSlot().address(), slot);
            if (place >= 0) {
                Addresses.setFloat(sent.address(), place, Addresses.getFloat(weights.address(), slot));
            }
        }
    }

    private RowExchange backWeights(Tensor gradient) {
        Tensor sent = room(DType.F32, total(rowsHere), width());
        if (!tape.compute().workers().rehearsing()) {
            ExpertRows.rows(here, gradient, sent);
        }
        return new RowExchange(tape, room(DType.F32, total(routes.rows()), width()))
                .start(sent, rowsHere, routes.rows());
    }

    private void addReturnedWeights(RowExchange exchange, Variable weights) {
        exchange.read(returned -> {
            Tensor passed = tape.temporary(DType.F32, weights.value().shape());
            if (!tape.compute().workers().rehearsing()) {
                ExpertRows.spread(routes.placeOfSlot(), returned, passed);
            }
            tape.addGradient(weights, passed);
        });
    }

    @Override
    public Variable combine(Variable rows, Variable residual) {
        Compute compute = tape.compute();
        Tensor value = rows.value();
        RowExchange exchange = back(value).entrust();
        tape.giveWay();
        Tensor out = tape.output(value.dtype(), Shape.of(routes.returns().tokens(), rows.columns()));
        exchange.read(returned ->
                ExpertRows.sum(compute, routes.returns(), returned, residual.zeros() ? null : residual.value(), out));
        Shape shape = value.shape();
        RowExchange.Pending gradients = RowExchange.Pending.givingWay(tape);
        return tape.record(
                out,
                places(),
                gradient -> {
                    if (rows.differentiable()) {
                        TokenRoute.Journey there = route.send(gradient, false);
                        gradients.begin(
                                () -> tape.addGradient(rows, there.arrange(() -> tape.temporary(value.dtype(), shape))),
                                there::drop,
                                places());
                    }
                    if (!residual.zeros()) {
                        tape.addGradient(residual, gradient.retain());
                    }
                },
                null);
    }
}
