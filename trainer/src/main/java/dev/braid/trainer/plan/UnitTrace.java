package dev.braid.trainer.plan;

import dev.braid.tensor.DType;
import dev.braid.trainer.plan.MemoryLedger.Held;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Follows the units in flight: at stage 3 the gathered values of the unit in use and of the next one; from stage 2 on the whole
 * gradient of the unit that backward is at and of the two that are being reduced. Where gradients travel in BF16, the two being
 * reduced have a copy in that format.
 */
final class UnitTrace {
    private static final int MOST_REDUCED = 2;

    private final MemoryLedger ledger;
    private final PlanInput input;
    private final List<UnitSize> units;
    private final Map<Integer, Held> values = new HashMap<>();
    private final Map<Integer, Held> gradients = new HashMap<>();
    private final Deque<List<Held>> reduced = new ArrayDeque<>();

    UnitTrace(MemoryLedger ledger, PlanInput input, List<UnitSize> units) {
        this.ledger = ledger;
        this.input = input;
        this.units = units;
        if (input.gathersValues() && !input.reshardAfterForward()) {
            for (int unit = 0; unit < units.size(); unit++) {
                gather(unit);
            }
        }
        if (input.holdsWholeGradient()) {
            ledger.hold(
                    Term.UNITS_IN_FLIGHT,
                    units.stream().mapToLong(UnitSize::gradientBytes).sum());
        }
    }

    /** From now on the values of these units, and of no others, are there. */
    void values(List<Integer> needed) {
        if (!input.gathersValues() || !input.reshardAfterForward()) {
            return;
        }
        values.entrySet().removeIf(entry -> {
            if (needed.contains(entry.getKey())) {
                return false;
            }
            entry.getValue().release();
            return true;
        });
        needed.forEach(this::gather);
    }

    private void gather(int unit) {
        values.computeIfAbsent(
                unit,
                missing -> ledger.holdShortly(
                        Term.UNITS_IN_FLIGHT,
                        "gathered values of a unit",
                        units.get(missing).valueBytes()));
    }

    /** Backward begins to add to the gradient of a unit. */
    void gradientBegins(int unit) {
        if (input.dividesGradients() && !input.holdsWholeGradient()) {
            gradients.computeIfAbsent(
                    unit,
                    missing -> ledger.holdShortly(
                            Term.UNITS_IN_FLIGHT,
                            "gradient of a unit",
                            units.get(missing).gradientBytes()));
        }
    }

    /** The gradient is complete and on its way to its ranks. */
    void gradientComplete(int unit) {
        List<Held> sent = new ArrayList<>();
        Held gradient = gradients.remove(unit);
        if (gradient != null) {
            sent.add(gradient);
        }
        if (input.reduce() == DType.BF16 && input.mesh().dataRanks() > 1) {
            sent.add(ledger.hold(Term.UNITS_IN_FLIGHT, units.get(unit).elements() * DType.BF16.bytes()));
        }
        reduced.add(sent);
        if (reduced.size() > MOST_REDUCED) {
            reduced.remove().forEach(Held::release);
        }
    }
}
