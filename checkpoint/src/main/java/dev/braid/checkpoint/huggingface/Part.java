package dev.braid.checkpoint.huggingface;

import dev.braid.tensor.Shape;
import java.util.Objects;

/**
 * A parameter of Braid, or a run of its elements, as a piece of a tensor of a Hugging Face folder.
 *
 * @param name global name of the parameter
 * @param shape extents of the whole parameter
 * @param from first element of the run in the flattened parameter
 * @param extents of the run; [a, b, c] when it is turned
 * @param turned the tensor has the run as [b, a, c], which it gets by exchanging the first two extents
 */
public record Part(String name, Shape shape, long from, Shape extents, boolean turned) {
    /** Refuses runs outside of the parameter. */
    public Part {
        if (from < 0 || from + extents.count() > shape.count()) {
            throw new IllegalArgumentException("parameter \"" + name + "\" of " + shape + " has no elements " + from
                    + " to " + (from + extents.count()));
        }
        if (turned && extents.rank() != 3) {
            throw new IllegalArgumentException(
                    "turned elements of \"" + name + "\" need three extents, not " + extents);
        }
    }

    /** All of the parameter {@code name}. */
    static Part whole(String name, Shape shape) {
        return new Part(name, shape, 0, shape, false);
    }

    /** Elements {@code from} until {@code from + count} as they are. */
    static Part run(String name, Shape shape, long from, long count) {
        return new Part(name, shape, from, Shape.of(count), false);
    }

    /** How many elements. */
    long count() {
        return extents.count();
    }

    /** The element behind the last. */
    long end() {
        return from + count();
    }

    @Override
    public String toString() {
        return Objects.equals(extents, shape) ? name + shape : name + "[" + from + ".." + end() + ")";
    }
}
