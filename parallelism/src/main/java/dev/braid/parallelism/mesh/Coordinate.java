package dev.braid.parallelism.mesh;

/** A place in a {@link Mesh}: the index along each axis, from 0. */
public record Coordinate(int pipeline, int replicate, int shard, int context, int tensor) {
    /** The index along {@code axis}. */
    public int along(Axis axis) {
        return switch (axis) {
            case PIPELINE -> pipeline;
            case REPLICATE -> replicate;
            case SHARD -> shard;
            case CONTEXT -> context;
            case TENSOR -> tensor;
        };
    }

    /** For example {@code replicate 1, shard 0, tensor 2}, axes of size 1 left out; {@code the only rank} when all are. */
    public String describe(Mesh mesh) {
        StringBuilder text = new StringBuilder();
        for (Axis axis : Axis.values()) {
            if (mesh.size(axis) > 1) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(axis.label())
                        .append(' ')
                        .append(along(axis));
            }
        }
        return text.isEmpty() ? "the only rank" : text.toString();
    }
}
