package dev.braid.models;

import java.util.Optional;
import java.util.function.Supplier;

/** Parts of a model that a config has or has not. */
final class Optionals {
    private Optionals() {}

    /** What {@code supplier} makes, where it is wanted. */
    static <T> Optional<T> when(boolean wanted, Supplier<T> supplier) {
        return wanted ? Optional.of(supplier.get()) : Optional.empty();
    }
}
