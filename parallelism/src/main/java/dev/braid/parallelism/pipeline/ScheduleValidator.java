package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.pipeline.ScheduleFault.Rule;
import dev.braid.parallelism.pipeline.Transfers.Link;
import dev.braid.parallelism.pipeline.Transfers.Transfer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Checks that a schedule can be carried out and trains the model: every {@link Rule}. Of a rule that is broken in several places the
 * first one is told, by rank and then by position.
 */
public final class ScheduleValidator {
    /** Costs are sums of fractions; what is above a limit by less than this share of it is not above it. */
    private static final double ROUNDING = 1e-9;

    private final Schedule schedule;
    private final Results results;

    private ScheduleValidator(Schedule schedule) {
        this.schedule = schedule;
        this.results = Results.of(schedule);
    }

    /** What is wrong with a schedule, whatever its memory; nothing if it is fine. */
    public static Optional<ScheduleFault> check(Schedule schedule) {
        return new ScheduleValidator(schedule).check();
    }

    /**
     * What is wrong with a schedule.
     *
     * @param limit most activations that a rank may hold, in units of {@code costs}
     */
    public static Optional<ScheduleFault> check(Schedule schedule, StageCosts costs, double limit) {
        return check(schedule).or(() -> new ScheduleValidator(schedule).memory(costs, limit));
    }

    private Optional<ScheduleFault> check() {
        return first(this::place)
                .or(() -> first(this::once))
                .or(this::complete)
                .or(() -> first(this::pairs))
                .or(() -> first(this::order))
                .or(() -> first(this::sums))
                .or(this::transfers);
    }

    /** Looks at one rank. */
    private interface RankRule {
        Optional<ScheduleFault> check(int rank, List<Action> actions);
    }

    private Optional<ScheduleFault> first(RankRule rule) {
        return IntStream.range(0, schedule.ranks().size())
                .mapToObj(rank -> rule.check(rank, schedule.actions(rank)))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<ScheduleFault> fault(Rule rule, int rank, int position, Action action, String reason) {
        return Optional.of(new ScheduleFault(rule, rank, position, action, reason));
    }

    private Optional<ScheduleFault> place(int rank, List<Action> actions) {
        for (int position = 0; position < actions.size(); position++) {
            Action action = actions.get(position);
            if (!results.contain(action)) {
                return fault(
                        Rule.KNOWN,
                        rank,
                        position,
                        action,
                        "stages are 0 to " + (results.stages() - 1) + " and micro-batches 0 to "
                                + (results.microbatches() - 1));
            }
            int placed = schedule.rank(action.stage(), action.microbatch());
            if (placed != rank) {
                return fault(
                        Rule.PLACEMENT,
                        rank,
                        position,
                        action,
                        "stage " + action.stage() + " is on rank " + placed + " for micro-batch "
                                + action.microbatch());
            }
        }
        return Optional.empty();
    }

    private Optional<ScheduleFault> once(int rank, List<Action> actions) {
        Set<Action> seen = new HashSet<>();
        for (int position = 0; position < actions.size(); position++) {
            Action action = actions.get(position);
            if (seen.contains(action)) {
                return fault(Rule.ONCE, rank, position, action, "it comes for a second time");
            }
            for (Action.Kind other : excluded(action.kind())) {
                Action earlier = new Action(other, action.stage(), action.microbatch());
                if (seen.contains(earlier)) {
                    return fault(
                            Rule.ONCE,
                            rank,
                            position,
                            action,
                            "the rank has done " + earlier + ", and B is I and W at once");
                }
            }
            seen.add(action);
        }
        return Optional.empty();
    }

    private static List<Action.Kind> excluded(Action.Kind kind) {
        return switch (kind) {
            case F -> List.of();
            case I, W -> List.of(Action.Kind.B);
            case B -> List.of(Action.Kind.I, Action.Kind.W);
        };
    }

    private Optional<ScheduleFault> complete() {
        List<Set<Action>> done = IntStream.range(0, schedule.ranks().size())
                .mapToObj(rank -> Set.copyOf(schedule.actions(rank)))
                .toList();
        for (int stage = 0; stage < results.stages(); stage++) {
            for (int microbatch = 0; microbatch < results.microbatches(); microbatch++) {
                int rank = schedule.rank(stage, microbatch);
                for (Action.Kind kind : List.of(Action.Kind.F, Action.Kind.I, Action.Kind.W)) {
                    Action action = new Action(kind, stage, microbatch);
                    Action whole = new Action(Action.Kind.B, stage, microbatch);
                    Set<Action> there = done.get(rank);
                    if (!there.contains(action) && (kind == Action.Kind.F || !there.contains(whole))) {
                        return fault(
                                Rule.COMPLETE,
                                rank,
                                schedule.actions(rank).size(),
                                action,
                                "the rank never does it" + (kind == Action.Kind.F ? "" : ", nor " + whole));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private Optional<ScheduleFault> pairs(int rank, List<Action> actions) {
        int position = 0;
        for (Slot slot : schedule.ranks().get(rank)) {
            Action forward = slot.actions().getFirst();
            Action backward = slot.actions().getLast();
            if (slot.paired() && forward.microbatch() == backward.microbatch()) {
                return fault(
                        Rule.PAIR,
                        rank,
                        position + 1,
                        backward,
                        "it overlaps with " + forward + ", but needs its result, directly or by other stages");
            }
            position += slot.actions().size();
        }
        return Optional.empty();
    }

    private Optional<ScheduleFault> order(int rank, List<Action> actions) {
        boolean[] made = new boolean[results.count()];
        Map<Integer, Action> makers = new HashMap<>();
        actions.forEach(action -> results.made(action).ifPresent(result -> makers.put(result, action)));
        for (int position = 0; position < actions.size(); position++) {
            Action action = actions.get(position);
            for (int result : results.needed(action)) {
                if (makers.containsKey(result) && !made[result]) {
                    return fault(
                            Rule.ORDER,
                            rank,
                            position,
                            action,
                            "it comes before " + makers.get(result) + ", whose result it needs");
                }
            }
            results.made(action).ifPresent(result -> made[result] = true);
        }
        return Optional.empty();
    }

    /** What adds up: of a stage in a direction the gradients by backward, or that of the head by the loss. */
    private record Sum(int stage, int direction, boolean loss) {}

    private Optional<ScheduleFault> sums(int rank, List<Action> actions) {
        WeightGradients gradients = WeightGradients.of(schedule, rank);
        Map<Sum, Action> latest = new HashMap<>();
        for (int position = 0; position < actions.size(); position++) {
            Action action = actions.get(position);
            boolean loss = action.kind() == Action.Kind.F
                    && action.stage() == results.stages() - 1
                    && !gradients.queued(action);
            if (!loss && !action.kind().addsToWeights()) {
                continue;
            }
            int direction = schedule.map().direction(action.microbatch(), schedule.microbatches());
            Action before = latest.put(new Sum(action.stage(), direction, loss), action);
            if (before != null && before.microbatch() > action.microbatch()) {
                return fault(
                        Rule.SUMS,
                        rank,
                        position,
                        action,
                        "it comes after " + before
                                + (loss
                                        ? ", but a last stage without I and W adds to the head's gradient in forward, in the order"
                                                + " of micro-batches"
                                        : ", but a stage's gradients add up in the order of micro-batches"));
            }
        }
        return Optional.empty();
    }

    private Optional<ScheduleFault> transfers() {
        Transfers transfers = new Transfers(schedule);
        List<List<Transfer>> all = IntStream.range(0, schedule.ranks().size())
                .mapToObj(transfers::of)
                .toList();
        return links(all).or(() -> DryRun.deadlock(schedule, all));
    }

    private Optional<ScheduleFault> links(List<List<Transfer>> transfers) {
        Map<Link, Iterator<Transfer>> sent = new HashMap<>();
        Map<Link, List<Transfer>> queues = new HashMap<>();
        transfers.stream()
                .flatMap(List::stream)
                .filter(transfer -> !transfer.taking())
                .forEach(transfer -> queues.computeIfAbsent(transfer.link(), none -> new ArrayList<>())
                        .add(transfer));
        queues.forEach((link, queue) -> sent.put(link, queue.iterator()));
        return transfers.stream()
                .flatMap(List::stream)
                .filter(Transfer::taking)
                .flatMap(taken -> mismatch(taken, sent.get(taken.link()).next()))
                .findFirst();
    }

    private Stream<ScheduleFault> mismatch(Transfer taken, Transfer sent) {
        if (taken.result() == sent.result()) {
            return Stream.empty();
        }
        Action action = schedule.actions(taken.link().to()).get(taken.position());
        return fault(
                Rule.LINK,
                taken.link().to(),
                taken.position(),
                action,
                "it is the next one to take " + (taken.link().gradients() ? "a gradient" : "an output") + " from rank "
                        + taken.link().from() + ", which sends " + results.name(sent.result()) + " first")
                .stream();
    }

    private Optional<ScheduleFault> memory(StageCosts costs, double limit) {
        return first((rank, actions) -> {
            double[] held = ActivationMemory.after(actions, costs);
            return IntStream.range(0, held.length)
                    .filter(position -> held[position] > limit * (1 + ROUNDING))
                    .boxed()
                    .findFirst()
                    .flatMap(position -> fault(
                            Rule.MEMORY,
                            rank,
                            position,
                            actions.get(position),
                            String.format(
                                    Locale.ROOT,
                                    "the rank holds %s of activations then, and may hold %s",
                                    figure(held[position]),
                                    figure(limit))));
        });
    }

    private static String figure(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : String.format(Locale.ROOT, "%.4g", value);
    }
}
