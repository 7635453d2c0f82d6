package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.attention.Operand;

/**
 * An operand whose heads several heads of the recurrence may share.
 *
 * @param group heads of the recurrence that read one head of the operand
 */
record Shared(Operand operand, int group) {
    /** Checked heads, of which {@code heads} of the recurrence read. */
    static Shared of(Heads shared, int heads) {
        return new Shared(shared.operand(), heads / shared.heads());
    }

    /** The operand's head that a head of the recurrence reads. */
    int index(int head) {
        return head / group;
    }
}
