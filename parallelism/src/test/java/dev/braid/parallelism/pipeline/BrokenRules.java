package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.pipeline.Action.Kind;
import dev.braid.parallelism.pipeline.ScheduleFault.Rule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The rules that a schedule breaks, each found from its definition and in no clever way: what the validator is held against. Rules
 * that presuppose others are looked at only where those hold.
 */
final class BrokenRules {
    /** A hand-over or a take, of what {@code maker} makes for {@code user}. */
    private record End(boolean taking, int from, int to, Action maker, Action user) {
        String link() {
            return from + " " + to + " " + (maker.kind() == Kind.F);
        }

        String transfer() {
            return maker + " " + user;
        }
    }

    private final Schedule schedule;
    private final List<List<Action>> orders;
    private final List<Action> all;
    private final Set<Action> there;
    private final Set<Rule> broken = EnumSet.noneOf(Rule.class);

    private BrokenRules(Schedule schedule) {
        this.schedule = schedule;
        this.orders = IntStream.range(0, schedule.ranks().size())
                .mapToObj(schedule::actions)
                .toList();
        this.all = orders.stream().flatMap(List::stream).toList();
        this.there = Set.copyOf(all);
    }

    static Set<Rule> of(Schedule schedule) {
        BrokenRules rules = new BrokenRules(schedule);
        rules.countRules();
        if (rules.broken.isEmpty()) {
            rules.rankRules();
        }
        if (rules.broken.isEmpty()) {
            rules.linkRules();
        }
        return rules.broken;
    }

    private void countRules() {
        int stages = schedule.map().stages();
        for (int rank = 0; rank < orders.size(); rank++) {
            for (Action action : orders.get(rank)) {
                if (action.stage() >= stages || action.microbatch() >= schedule.microbatches()) {
                    broken.add(Rule.KNOWN);
                } else if (schedule.rank(action.stage(), action.microbatch()) != rank) {
                    broken.add(Rule.PLACEMENT);
                }
            }
        }
        for (int stage = 0; stage < stages; stage++) {
            for (int microbatch = 0; microbatch < schedule.microbatches(); microbatch++) {
                long forwards = count(Kind.F, stage, microbatch);
                long inputs = count(Kind.I, stage, microbatch) + count(Kind.B, stage, microbatch);
                long weights = count(Kind.W, stage, microbatch) + count(Kind.B, stage, microbatch);
                if (forwards > 1 || inputs > 1 || weights > 1) {
                    broken.add(Rule.ONCE);
                }
                if (forwards == 0 || inputs == 0 || weights == 0) {
                    broken.add(Rule.COMPLETE);
                }
            }
        }
    }

    private long count(Kind kind, int stage, int microbatch) {
        Action wanted = new Action(kind, stage, microbatch);
        return all.stream().filter(wanted::equals).count();
    }

    private void rankRules() {
        for (List<Slot> slots : schedule.ranks()) {
            for (Slot slot : slots) {
                if (slot.paired()
                        && slot.actions().get(0).microbatch()
                                == slot.actions().get(1).microbatch()) {
                    broken.add(Rule.PAIR);
                }
            }
        }
        for (List<Action> actions : orders) {
            for (Action action : actions) {
                for (Action need : needs(action)) {
                    if (actions.indexOf(need) > actions.indexOf(action)) {
                        broken.add(Rule.ORDER);
                    }
                }
            }
            for (int stage = 0; stage < schedule.map().stages(); stage++) {
                for (int direction = 0; direction < schedule.map().directions().size(); direction++) {
                    checkSums(actions, stage, direction);
                }
            }
        }
    }

    private void checkSums(List<Action> actions, int stage, int direction) {
        List<Integer> added = microbatches(actions, stage, direction, Kind::addsToWeights);
        List<Integer> forwards = microbatches(actions, stage, direction, Kind.F::equals);
        if (!ascends(added) || (addsInForward(stage) && !ascends(forwards))) {
            broken.add(Rule.SUMS);
        }
    }

    private List<Integer> microbatches(List<Action> actions, int stage, int direction, Predicate<Kind> kinds) {
        return actions.stream()
                .filter(action -> action.stage() == stage && kinds.test(action.kind()))
                .map(Action::microbatch)
                .filter(microbatch -> schedule.map().direction(microbatch, schedule.microbatches()) == direction)
                .toList();
    }

    private static boolean ascends(List<Integer> microbatches) {
        return microbatches.equals(microbatches.stream().sorted().toList());
    }

    /** The last stage's loss adds to the gradient of the head unless gradients of the stage wait. */
    private boolean addsInForward(int stage) {
        return stage == schedule.map().stages() - 1
                && all.stream()
                        .noneMatch(action ->
                                action.stage() == stage && (action.kind() == Kind.I || action.kind() == Kind.W));
    }

    /** What must be done before, on whatever rank; a whole backward stands for both halves. */
    private List<Action> needs(Action action) {
        List<Action> needs = new ArrayList<>();
        int stage = action.stage();
        int microbatch = action.microbatch();
        switch (action.kind()) {
            case F -> actionAt(Kind.F, stage - 1, microbatch).ifPresent(needs::add);
            case I, B -> {
                actionAt(Kind.F, stage, microbatch).ifPresent(needs::add);
                gradient(stage + 1, microbatch).ifPresent(needs::add);
            }
            case W -> gradient(stage, microbatch).ifPresent(needs::add);
        }
        return needs;
    }

    private Optional<Action> gradient(int stage, int microbatch) {
        return actionAt(Kind.I, stage, microbatch).or(() -> actionAt(Kind.B, stage, microbatch));
    }

    private Optional<Action> actionAt(Kind kind, int stage, int microbatch) {
        Action action = new Action(kind, stage, microbatch);
        return there.contains(action) ? Optional.of(action) : Optional.empty();
    }

    private int rank(Action action) {
        return schedule.rank(action.stage(), action.microbatch());
    }

    private void linkRules() {
        Map<Action, List<Action>> users = new HashMap<>();
        for (Action user : all) {
            needs(user)
                    .forEach(need -> users.computeIfAbsent(need, none -> new ArrayList<>())
                            .add(user));
        }
        List<List<End>> ends = new ArrayList<>();
        for (List<Slot> slots : schedule.ranks()) {
            ends.add(ends(slots, users));
        }
        Map<String, List<String>> sent = new HashMap<>();
        Map<String, List<String>> taken = new HashMap<>();
        ends.stream()
                .flatMap(List::stream)
                .forEach(end -> (end.taking() ? taken : sent)
                        .computeIfAbsent(end.link(), none -> new ArrayList<>())
                        .add(end.transfer()));
        if (!sent.equals(taken)) {
            broken.add(Rule.LINK);
        } else if (hasCircle(ends, sent)) {
            broken.add(Rule.DEADLOCK);
        }
    }

    private List<End> ends(List<Slot> slots, Map<Action, List<Action>> users) {
        List<End> ends = new ArrayList<>();
        for (Slot slot : slots) {
            for (Action action : slot.actions()) {
                for (Action need : needs(action)) {
                    if (rank(need) != rank(action)) {
                        ends.add(new End(true, rank(need), rank(action), need, action));
                    }
                }
            }
            for (Action action : slot.actions()) {
                for (Action user : users.getOrDefault(action, List.of())) {
                    if (rank(user) != rank(action)) {
                        ends.add(new End(false, rank(action), rank(user), action, user));
                    }
                }
            }
        }
        return ends;
    }

    /**
     * Whether an end would have to come before itself: ends of a rank come one after the other, a take after its hand-over, and a
     * hand-over after the take of what was handed over as many before it as there are ranks.
     */
    private boolean hasCircle(List<List<End>> ends, Map<String, List<String>> sent) {
        Map<End, List<End>> before = new HashMap<>();
        Map<String, End> handOvers = new HashMap<>();
        Map<String, End> takes = new HashMap<>();
        for (List<End> rank : ends) {
            for (int i = 0; i < rank.size(); i++) {
                End end = rank.get(i);
                before.put(end, new ArrayList<>(i == 0 ? List.of() : List.of(rank.get(i - 1))));
                (end.taking() ? takes : handOvers).put(end.transfer(), end);
            }
        }
        sent.values().forEach(link -> {
            for (int i = 0; i < link.size(); i++) {
                before.get(takes.get(link.get(i))).add(handOvers.get(link.get(i)));
                if (i >= ends.size()) {
                    before.get(handOvers.get(link.get(i))).add(takes.get(link.get(i - ends.size())));
                }
            }
        });
        Set<End> left = new HashSet<>(before.keySet());
        while (left.removeIf(end -> Collections.disjoint(before.get(end), left))) {
            // Whatever nothing is left before goes.
        }
        return !left.isEmpty();
    }
}
