package dev.braid.models;

import dev.braid.tensor.DType;
import java.util.List;
import java.util.function.Consumer;

/** Finds out whether a part of a model can be divided over a tensor axis by declaring it on one. */
final class TensorTrial {
    private TensorTrial() {}

    /** Why the declaration is refused, or nothing. What one of {@code ranks} refuses, all do. */
    static List<String> problems(ModelConfig model, String name, int ranks, Consumer<Construction> declare) {
        Construction construction = new Construction(model, DType.F32, ranks, 0);
        construction.parameters().unit(name);
        try {
            declare.accept(construction);
            return List.of();
        } catch (IllegalArgumentException refusal) {
            return List.of("but " + name + " can't be divided so: " + refusal.getMessage());
        }
    }
}
