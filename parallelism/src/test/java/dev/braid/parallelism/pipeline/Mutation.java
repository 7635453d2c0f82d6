package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.pipeline.Action.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/** A small change of a schedule at a random place. Some leave it valid. */
enum Mutation {
    /** An action is left out. */
    DROP {
        @Override
        void change(Edited edited, RandomGenerator random) {
            edited.ranks.get(edited.rank).remove(edited.position);
        }
    },
    /** An action comes a second time, later. */
    REPEAT {
        @Override
        void change(Edited edited, RandomGenerator random) {
            List<Slot> order = edited.order();
            Action action = edited.slot().actions().getFirst();
            order.add(random.nextInt(edited.position + 1, order.size() + 1), Slot.of(action));
        }
    },
    /** A slot comes anywhere else. */
    MOVE {
        @Override
        void change(Edited edited, RandomGenerator random) {
            Slot moved = edited.order().remove(edited.position);
            edited.order().add(random.nextInt(edited.order().size() + 1), moved);
        }
    },
    /** Some slots come later, but still before the next of their kind and before what their own rank needs them for. */
    DELAY {
        @Override
        void change(Edited edited, RandomGenerator random) {
            for (int i = 0; i < 2 * edited.ranks.size(); i++) {
                edited.draw(random);
                Slot moved = edited.order().remove(edited.position);
                Action action = moved.actions().getFirst();
                int end = edited.position;
                while (end < edited.order().size()
                        && edited.order().get(end).actions().stream().noneMatch(other -> follows(action, other))) {
                    end++;
                }
                edited.order().add(end, moved);
            }
        }

        private static boolean follows(Action action, Action other) {
            return other.kind() == action.kind() || other.microbatch() == action.microbatch();
        }
    },
    /** Two slots of the same kind change places. */
    SWAP {
        @Override
        void change(Edited edited, RandomGenerator random) {
            Kind kind = edited.slot().actions().getFirst().kind();
            int stage = edited.slot().actions().getFirst().stage();
            int other = edited.find(
                    random,
                    slot -> slot.actions().getFirst().kind() == kind
                            && slot.actions().getFirst().stage() == stage);
            Slot taken = edited.order().get(other);
            edited.order().set(other, edited.slot());
            edited.order().set(edited.position, taken);
        }
    },
    /** Two micro-batches change places in the forwards of all stages, so that each still takes what comes. */
    SWAP_FORWARDS {
        @Override
        void change(Edited edited, RandomGenerator random) {
            int one = random.nextInt(edited.microbatches);
            int other = random.nextInt(edited.microbatches);
            edited.ranks.forEach(order -> order.replaceAll(slot -> swap(slot, one, other)));
        }

        private static Slot swap(Slot slot, int one, int other) {
            Action action = slot.actions().getFirst();
            if (action.kind() != Kind.F) {
                return slot;
            }
            int microbatch = action.microbatch();
            int swapped = microbatch == one ? other : microbatch == other ? one : microbatch;
            Action forward = new Action(Kind.F, action.stage(), swapped);
            return slot.paired() ? Slot.pair(forward, slot.actions().getLast()) : Slot.of(forward);
        }
    },
    /** A slot goes to another rank. */
    ANOTHER_RANK {
        @Override
        void change(Edited edited, RandomGenerator random) {
            Slot moved = edited.order().remove(edited.position);
            int other = (edited.rank + random.nextInt(1, edited.ranks.size())) % edited.ranks.size();
            List<Slot> order = edited.ranks.get(other);
            order.add(random.nextInt(order.size() + 1), moved);
        }
    },
    /** An action is for another stage, or for one after the last. */
    ANOTHER_STAGE {
        @Override
        void change(Edited edited, RandomGenerator random) {
            Action action = edited.slot().actions().getFirst();
            int stage = random.nextInt(edited.stages + 1);
            edited.replaceFirst(new Action(action.kind(), stage, action.microbatch()));
        }
    },
    /** An action is for another micro-batch, or for one after the last. */
    ANOTHER_MICROBATCH {
        @Override
        void change(Edited edited, RandomGenerator random) {
            Action action = edited.slot().actions().getFirst();
            int microbatch = random.nextInt(edited.microbatches + 1);
            edited.replaceFirst(new Action(action.kind(), action.stage(), microbatch));
        }
    },
    /** A whole backward becomes the first half, or a half the whole. */
    HALVE {
        @Override
        void change(Edited edited, RandomGenerator random) {
            edited.position =
                    edited.find(random, slot -> slot.actions().getLast().kind().passesGradient());
            Action action = edited.slot().actions().getLast();
            Kind other = action.kind() == Kind.B ? Kind.I : Kind.B;
            Action halved = new Action(other, action.stage(), action.microbatch());
            edited.order()
                    .set(
                            edited.position,
                            edited.slot().paired()
                                    ? Slot.pair(edited.slot().actions().getFirst(), halved)
                                    : Slot.of(halved));
        }
    },
    /** A forward overlaps with its own backward. */
    PAIR_WITH_ITSELF {
        @Override
        void change(Edited edited, RandomGenerator random) {
            edited.position = edited.find(
                    random,
                    slot -> !slot.paired() && slot.actions().getFirst().kind().passesGradient());
            Action backward = edited.slot().actions().getFirst();
            Action forward = new Action(Kind.F, backward.stage(), backward.microbatch());
            edited.order().set(edited.position, Slot.pair(forward, backward));
            edited.order().remove(Slot.of(forward));
        }
    };

    /** The schedule that is being changed, and the slot that was drawn. */
    static final class Edited {
        final int stages;
        final int microbatches;
        final List<List<Slot>> ranks = new ArrayList<>();
        int rank;
        int position;

        Edited(Schedule schedule, RandomGenerator random) {
            stages = schedule.map().stages();
            microbatches = schedule.microbatches();
            schedule.ranks().forEach(order -> ranks.add(new ArrayList<>(order)));
            draw(random);
        }

        void draw(RandomGenerator random) {
            rank = random.nextInt(ranks.size());
            position = random.nextInt(order().size());
        }

        List<Slot> order() {
            return ranks.get(rank);
        }

        Slot slot() {
            return order().get(position);
        }

        int find(RandomGenerator random, Predicate<Slot> wanted) {
            List<Integer> found = new ArrayList<>();
            for (int i = 0; i < order().size(); i++) {
                if (wanted.test(order().get(i))) {
                    found.add(i);
                }
            }
            return found.isEmpty() ? position : found.get(random.nextInt(found.size()));
        }

        void replaceFirst(Action action) {
            order().set(
                            position,
                            slot().paired() ? Slot.pair(action, slot().actions().getLast()) : Slot.of(action));
        }
    }

    abstract void change(Edited edited, RandomGenerator random);

    /** The changed schedule. */
    final Schedule apply(Schedule schedule, RandomGenerator random) {
        Edited edited = new Edited(schedule, random);
        change(edited, random);
        return new Schedule(schedule.name(), schedule.map(), schedule.microbatches(), edited.ranks, schedule.settles());
    }
}
