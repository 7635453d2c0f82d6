package dev.braid.parallelism.pipeline;

import dev.braid.tensor.Tensor;
import java.util.List;

/**
 * A rank's way through its order: takes what each action needs, and has what is needed next come meanwhile. Used by the rank's
 * thread.
 */
final class Passage {
    /** Actions whose tensors may be here before they are taken: one is about to compute, one is next, one is spare. Each takes memory. */
    private static final int AHEAD = 3;

    /**
     * Bytes that may be on their way in any case. Small messages are sent without being asked for, but only so many; those that
     * come first must not take the place of one that is waited for.
     */
    private static final long SMALL = 512 * 1024;

    private final RankActions order;
    private final Mail mail;
    private final List<Edge> received;
    private int expected;
    private int taken;
    private long coming;
    private int next;

    Passage(RankActions order, Mail mail) {
        this.order = order;
        this.mail = mail;
        this.received = order.received(order.actions().size());
    }

    /** Number of actions that have been begun. */
    int position() {
        return next;
    }

    /** Has what is needed next come, of the first {@code limit} things that this rank receives. */
    void expect(int limit) {
        while (expected < limit && (expected - taken < AHEAD || coming < SMALL)) {
            Edge edge = received.get(expected++);
            coming += mail.bytes(edge);
            mail.expect(edge, order.source(edge));
        }
    }

    /** The same of everything that it receives. */
    void expect() {
        expect(received.size());
    }

    /** The next action. */
    Action next() {
        return order.actions().get(next++);
    }

    /** Waits for what {@code action} needs. The caller releases it. */
    List<Tensor> take(Action action) {
        return order.into(action).map(this::take).orElse(List.of());
    }

    private List<Tensor> take(Edge edge) {
        List<Tensor> tensors = mail.take(edge);
        if (order.source(edge) != order.rank()) {
            taken++;
            coming -= mail.bytes(edge);
        }
        return tensors;
    }

    /** Passes on what {@code action} has made, whose references are taken over. */
    void pass(Action action, List<Tensor> tensors) {
        order.outOf(action).ifPresent(edge -> {
            int target = order.target(edge);
            if (target == order.rank()) {
                mail.keep(edge, tensors);
            } else {
                mail.send(edge, target, tensors);
            }
        });
    }
}
