package dev.braid.models;

import dev.braid.tensor.autograd.Variable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the layers so far have made for later ones, by name, as variables of the tape that runs. A layer declares each with {@link
 * Construction#carry} while it is built.
 */
public final class CarriedValues {
    private final Map<String, Variable> values = new LinkedHashMap<>();

    /** Leaves {@code value} for later layers. */
    public void put(String name, Variable value) {
        values.put(name, value);
    }

    /**
     * What an earlier layer has left.
     *
     * @throws IllegalStateException when none has
     */
    public Variable get(String name) {
        Variable value = values.get(name);
        if (value == null) {
            throw new IllegalStateException("no layer before has made " + name + "; there is " + values.keySet());
        }
        return value;
    }

    /** Those of the given names, in their order. */
    List<Variable> all(List<String> names) {
        return names.stream().map(this::get).toList();
    }
}
