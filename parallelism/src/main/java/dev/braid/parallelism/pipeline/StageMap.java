package dev.braid.parallelism.pipeline;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Which rank runs which stage. Micro-batches may pass the ranks in several directions, as DualPipe's do in two: then every stage
 * has a rank in each direction, whose weights are kept equal, and each direction takes an equal, contiguous part of the
 * micro-batches. Gradients add up by direction first.
 *
 * @param directions for each direction the rank of each stage
 */
public record StageMap(List<List<Integer>> directions) {
    public StageMap {
        directions = directions.stream().map(List::copyOf).toList();
        if (directions.isEmpty() || directions.getFirst().isEmpty()) {
            throw new IllegalArgumentException("a pipeline has a stage at least");
        }
        for (List<Integer> direction : directions) {
            if (direction.size() != directions.getFirst().size()) {
                throw new IllegalArgumentException("all directions have the same stages, and not " + directions);
            }
        }
    }

    /** Stage {@code s} on rank {@code s}. */
    public static StageMap linear(int ranks) {
        return looped(ranks, 1);
    }

    /** {@code chunks} stages a rank, in rounds over the ranks: stage {@code s} on rank {@code s % ranks}. */
    public static StageMap looped(int ranks, int chunks) {
        return one(IntStream.range(0, ranks * chunks).map(stage -> stage % ranks));
    }

    /** Two stages a rank, to the last rank and back: the first and the last stage are on rank 0. */
    public static StageMap vShaped(int ranks) {
        return one(IntStream.range(0, 2 * ranks).map(stage -> Math.min(stage, 2 * ranks - 1 - stage)));
    }

    /** Stage {@code s} on rank {@code s} for the first half of the micro-batches and on {@code ranks - 1 - s} for the others. */
    public static StageMap bothWays(int ranks) {
        return new StageMap(List.of(
                IntStream.range(0, ranks).boxed().toList(),
                IntStream.range(0, ranks)
                        .map(stage -> ranks - 1 - stage)
                        .boxed()
                        .toList()));
    }

    private static StageMap one(IntStream ranks) {
        return new StageMap(List.of(ranks.boxed().toList()));
    }

    /** Number of ranks. */
    public int ranks() {
        return 1
                + directions.stream()
                        .flatMap(List::stream)
                        .mapToInt(rank -> rank)
                        .max()
                        .orElseThrow();
    }

    /** Number of stages of the model. */
    public int stages() {
        return directions.getFirst().size();
    }

    /** In which direction micro-batch {@code microbatch} of {@code microbatches} goes. */
    public int direction(int microbatch, int microbatches) {
        return microbatch * directions.size() / microbatches;
    }

    /** Who runs {@code stage} in {@code direction}. */
    public int rank(int direction, int stage) {
        return directions.get(direction).get(stage);
    }

    /** The ranks that hold {@code stage}, in the order of directions; the first one answers for it. */
    public List<Integer> ranksOf(int stage) {
        return directions.stream()
                .map(direction -> direction.get(stage))
                .distinct()
                .toList();
    }

    /** The stages that {@code rank} holds, ascending. */
    public List<Integer> stagesOf(int rank) {
        return IntStream.range(0, stages())
                .filter(stage -> ranksOf(stage).contains(rank))
                .boxed()
                .toList();
    }
}
