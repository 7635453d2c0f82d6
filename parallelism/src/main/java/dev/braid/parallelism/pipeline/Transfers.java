package dev.braid.parallelism.pipeline;

import java.util.ArrayList;
import java.util.List;

/**
 * What a rank sends and receives in a step, in order: before a slot it takes what the slot needs from other ranks, after it it
 * hands over what other ranks need. Only for schedules whose actions are all there, once, and on their ranks.
 */
final class Transfers {
    /** Results of one kind go from rank to rank one after the other; gradients apart from outputs. */
    record Link(int from, int to, boolean gradients) {}

    /**
     * One end of a transfer.
     *
     * @param taking whether the rank receives
     * @param result numbered as in {@link Results}
     * @param position of the action in the rank's order
     */
    record Transfer(boolean taking, Link link, int result, int position) {}

    private final Schedule schedule;
    private final Results results;

    Transfers(Schedule schedule) {
        this.schedule = schedule;
        this.results = Results.of(schedule);
    }

    /** All transfers of a rank in order. */
    List<Transfer> of(int rank) {
        List<Transfer> transfers = new ArrayList<>();
        int position = 0;
        for (Slot slot : schedule.ranks().get(rank)) {
            for (int i = 0; i < slot.actions().size(); i++) {
                take(slot.actions().get(i), rank, position + i, transfers);
            }
            for (int i = 0; i < slot.actions().size(); i++) {
                handOver(slot.actions().get(i), rank, position + i, transfers);
            }
            position += slot.actions().size();
        }
        return transfers;
    }

    private void take(Action action, int rank, int position, List<Transfer> transfers) {
        boolean forward = action.kind() == Action.Kind.F;
        int stage = action.stage() + (forward ? -1 : 1);
        if (action.kind() == Action.Kind.W || stage < 0 || stage == results.stages()) {
            return;
        }
        int from = schedule.rank(stage, action.microbatch());
        if (from != rank) {
            int result =
                    forward ? results.output(stage, action.microbatch()) : results.gradient(stage, action.microbatch());
            transfers.add(new Transfer(true, new Link(from, rank, !forward), result, position));
        }
    }

    private void handOver(Action action, int rank, int position, List<Transfer> transfers) {
        boolean forward = action.kind() == Action.Kind.F;
        int stage = action.stage() + (forward ? 1 : -1);
        if (action.kind() == Action.Kind.W || stage < 0 || stage == results.stages()) {
            return;
        }
        int to = schedule.rank(stage, action.microbatch());
        if (to != rank) {
            int result = results.made(action).orElseThrow();
            transfers.add(new Transfer(false, new Link(rank, to, !forward), result, position));
        }
    }
}
