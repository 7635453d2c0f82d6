package dev.braid.parallelism.sharding;

import dev.braid.tensor.parameters.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The order in which a pass used the units the last time, which tells what to gather ahead. All ranks make the same passes, so
 * all of them gather ahead the same units. Used by one thread.
 */
final class UseOrder {
    private List<Unit> last = new ArrayList<>();
    private List<Unit> current = new ArrayList<>();
    private boolean asBefore;

    /** A pass begins. */
    void begin() {
        last = current;
        current = new ArrayList<>();
        asBefore = true;
    }

    /** Records the use of {@code unit} and returns the one that will follow, as far as the last pass tells. */
    Optional<Unit> next(Unit unit) {
        int index = current.size();
        current.add(unit);
        asBefore &= index < last.size() && last.get(index) == unit;
        return asBefore && index + 1 < last.size() ? Optional.of(last.get(index + 1)) : Optional.empty();
    }
}
