package dev.braid.tensor.parameters;

import dev.braid.tensor.Shape;

/**
 * How the ranks of the tensor axis, and those of the expert axis, divide one parameter. Groups of rows or columns (a head, say) stay together; they are divided
 * as evenly as can be, the first ranks having one more. Where there are fewer groups of rows than ranks, neighbouring ranks hold
 * copies of the same group; products of columns are summed over the ranks, where a copy would count twice.
 */
public sealed interface Division {
    /** Every rank holds all of it. */
    Division WHOLE = new Whole();

    /** Rows are divided one by one. */
    Division ROWS = new Rows(1);

    /** Columns are divided one by one. */
    Division COLUMNS = new Columns(1);

    /** See {@link Experts}. */
    Division EXPERTS = new Experts();

    /**
     * What {@code rank} of {@code ranks} holds of a parameter of extents {@code shape}.
     *
     * @throws IllegalArgumentException when there are fewer groups of rows than ranks and the ranks are no multiple of them, or
     *     fewer groups of columns than ranks
     */
    Part part(Shape shape, int ranks, int rank);

    /**
     * What the rank at {@code place} holds.
     *
     * @throws IllegalArgumentException as {@link #part(Shape, int, int)}, or when experts can't be divided equally
     */
    default Part part(Shape shape, Place place) {
        return part(shape, place.tensorRanks(), place.tensorRank());
    }

    /** See {@link #WHOLE}. */
    record Whole() implements Division {
        @Override
        public Part part(Shape shape, int ranks, int rank) {
            return new Part(0, shape.columns(), 0, shape, ranks, rank);
        }
    }

    /** The first extent is divided, in groups of {@code group}. */
    record Rows(long group) implements Division {
        @Override
        public Part part(Shape shape, int ranks, int rank) {
            Run run = Run.of(shape.extent(0), group, ranks, rank);
            long[] local = shape.toArray();
            long row = shape.extent(0) == 0 ? 0 : shape.count() / shape.extent(0);
            local[0] = run.count;
            return new Part(0, shape.columns(), run.first * row, Shape.of(local), run.copies, run.copy);
        }
    }

    /** The last extent is divided, in groups of {@code group}. */
    record Columns(long group) implements Division {
        @Override
        public Part part(Shape shape, int ranks, int rank) {
            Run run = Run.of(shape.columns(), group, ranks, rank);
            if (run.copies > 1) {
                throw new IllegalArgumentException(shape.columns() / group + " groups of columns can't be divided over "
                        + ranks + " ranks; allowed are as many ranks as groups, or fewer");
            }
            long[] local = shape.toArray();
            local[local.length - 1] = run.count;
            return new Part(run.first, run.count, 0, Shape.of(local), run.copies, run.copy);
        }
    }

    /**
     * Experts [E, ..., F]: the ranks of the expert axis have equal runs of the first extent, and of these the ranks of the tensor axis
     * divide the last one. Equal runs only: a rank with an expert more would be the one that all others wait for.
     */
    record Experts() implements Division {
        @Override
        public Part part(Shape shape, int ranks, int rank) {
            return part(shape, Place.tensor(ranks, rank));
        }

        @Override
        public Part part(Shape shape, Place place) {
            long[] run = shape.toArray();
            if (run[0] % place.expertRanks() != 0) {
                throw new IllegalArgumentException(run[0] + " experts can't be divided equally over "
                        + place.expertRanks() + " expert ranks; allowed are divisors of " + run[0]);
            }
            run[0] /= place.expertRanks();
            Part band = COLUMNS.part(Shape.of(run), place.tensorRanks(), place.tensorRank());
            long from = band.shape().count() * place.expertRank();
            return new Part(band.firstColumn(), band.columns(), from, band.shape(), 1, 0);
        }
    }

    /** A run of rows or columns. */
    record Run(long first, long count, int copies, int copy) {
        private static Run of(long extent, long group, int ranks, int rank) {
            if (extent % group != 0) {
                throw new IllegalArgumentException(
                        extent + " rows or columns are no whole number of groups of " + group);
            }
            long groups = extent / group;
            if (groups >= ranks) {
                long size = groups / ranks;
                long longer = groups % ranks;
                long first = rank * size + Math.min(rank, longer);
                return new Run(first * group, (size + (rank < longer ? 1 : 0)) * group, 1, 0);
            }
            if (groups == 0 || ranks % groups != 0) {
                throw new IllegalArgumentException(groups + " groups can't be divided over " + ranks
                        + " ranks; allowed are multiples of " + groups);
            }
            int copies = (int) (ranks / groups);
            return new Run((long) (rank / copies) * group, group, copies, rank % copies);
        }
    }
}
