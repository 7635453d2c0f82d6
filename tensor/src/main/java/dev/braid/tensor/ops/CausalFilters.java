package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.CausalFilterKernels;
import dev.braid.tensor.kernels.CausalFilterKernels.Filter;
import dev.braid.tensor.kernels.CausalFilterKernels.Rows;
import dev.braid.tensor.kernels.ConversionKernels;
import dev.braid.tensor.kernels.FunctionKernels;
import dev.braid.tensor.kernels.SiluFilterKernels;
import java.util.List;

/**
 * Runs several causal filters of the same width over the same inputs. Work is cut into tiles of {@value #ROWS} tokens by
 * {@value #CHANNELS} channels, which stay in the nearest caches together with the tokens around them; inputs are widened once for
 * all filters. Tiles depend on extents alone, so results do not depend on the number of cores. Where a tile and what it sees are of
 * one document, and the filter is the usual one, {@link SiluFilterKernels} take it in one pass, with the same bits.
 */
final class CausalFilters {
    private static final int ROWS = 32;
    private static final int CHANNELS = 128;
    /** Tiles whose sums are added up before they are added to others: the second of three levels, for f32's sake. */
    private static final int TILES_IN_SUM = 16;

    /**
     * What is filtered.
     *
     * @param x matrix of the inputs
     * @param firstColumn column of its first channel
     * @param halo inputs before the first token; zero where there are none
     */
    record Inputs(Sequences sequences, Tensor x, int firstColumn, int channels, Halo halo) {}

    private static final Rows NOT_READ = new Rows(0, 0);

    private final Compute compute;
    private final Check check;
    private final Inputs inputs;
    private final int width;
    private final boolean silu;
    private final int length;
    private final CausalFilterKernels kernels;
    private final SiluFilterKernels siluKernels;
    private final FunctionKernels functions;
    private final ConversionKernels conversion;
    private final TimeRows x;

    /**
     * Filters of {@code width} lags.
     *
     * @param silu whether the sum goes through SiLU
     */
    CausalFilters(Compute compute, Check check, Inputs inputs, int width, boolean silu) {
        this.compute = compute;
        this.check = check;
        this.inputs = inputs;
        this.width = width;
        this.silu = silu;
        length = inputs.sequences.length();
        kernels = compute.kernels().causalFilter();
        siluKernels = compute.kernels().siluFilter();
        functions = compute.kernels().functions();
        conversion = compute.kernels().conversion();
        x = TimeRows.of(conversion, inputs.x, inputs.firstColumn, length);
    }

    /** Where the rows of one tile are. What is F32 already is read and written where it lies, the rest in a core's room. */
    private final class Room {
        private final CausalTile tile;
        private final int channels;
        private final long inputsAt;
        private final long gradientsAt;
        private final long sumsAt;
        private final long resultsAt;
        private final long reaches;

        Room(CausalTile tile) {
            this.tile = tile;
            channels = tile.channels();
            long row = (long) channels * Float.BYTES;
            inputsAt = tile.scratch();
            gradientsAt = inputsAt + (ROWS + 2L * halo()) * row;
            sumsAt = gradientsAt + (ROWS + (long) halo()) * row;
            resultsAt = sumsAt + (ROWS + (long) halo()) * row;
            reaches = resultsAt + ROWS * row;
        }

        static long elements(int halo) {
            return (4L * ROWS + 4L * halo) * CHANNELS + ROWS + halo;
        }

        private Rows own(long address) {
            return new Rows(address, channels);
        }

        /** The inputs from token {@code from}, those before it too, for {@code count} tokens. */
        Rows inputs(int from, int count) {
            if (!x.bf16() && from >= (inputs.halo.rows() == 0 ? 0 : halo())) {
                // A token's reach ends where the sequence begins: nothing before it is read.
                return x.rows(tile, from);
            }
            x.load(tile, from - halo(), count + halo(), inputs.halo, inputsAt);
            return own(inputsAt + (long) halo() * channels * Float.BYTES);
        }

        /** Whether {@code count} tokens from {@code from}, each with all that it sees, are of one document and the usual filter's. */
        boolean usual(int from, int count) {
            return silu
                    && x.bf16()
                    && width == SiluFilterKernels.WIDTH
                    && inputs.sequences.oneDocument(tile.sequence(), from - halo(), from + count);
        }

        /** Finds the reaches of {@code count} tokens. Inputs before the sequence have gradients of zero, for any token to see. */
        void findReaches(int from, int count) {
            for (int i = 0; i < count; i++) {
                int token = from + i;
                int reach = token < 0 ? halo() : -1;
                if (token >= 0 && token < length) {
                    reach = inputs.sequences.reach(tile.sequence(), token, inputs.halo.rows(), halo());
                }
                Addresses.setInt(reaches, i, reach);
            }
        }

        /** The gradients of the sums of tokens from {@code from}, which those of outputs become on their way back through SiLU. */
        Rows gradients(TimeRows dOut, Rows seen, Filter filter, int from, int count) {
            Rows outer = outerGradients(dOut, from, count);
            if (!silu) {
                return outer;
            }
            Rows sums = own(sumsAt);
            kernels.forward(seen, reaches, filter, sums, count, channels);
            functions.derivative(ElementFunction.SILU, sumsAt, sumsAt, count * channels);
            Rows result = own(gradientsAt);
            for (int row = 0; row < Math.min(count, length - from); row++) {
                functions.multiply(outer.row(row), sums.row(row), result.row(row), channels);
            }
            return result;
        }

        private Rows outerGradients(TimeRows dOut, int from, int count) {
            if (!dOut.bf16() && from >= 0) {
                return dOut.rows(tile, from);
            }
            int early = Math.max(0, -from);
            Rows result = own(gradientsAt);
            Addresses.fillZero(gradientsAt, (long) early * channels * Float.BYTES);
            dOut.load(tile, from + early, count - early, Halo.NONE, result.row(early));
            return result;
        }

        /** Where results from token {@code from} go before {@link #store}. */
        Rows results(TimeRows target, int from) {
            return target.bf16() || from < 0 ? own(resultsAt) : target.rows(tile, from);
        }

        void store(TimeRows target, int from, int rows) {
            if (target.bf16()) {
                target.store(tile, from, rows, resultsAt);
            }
        }
    }

    private int halo() {
        return width - 1;
    }

    private static Filter at(Filter filter, CausalTile tile) {
        long offset = (long) tile.firstChannel() * Float.BYTES;
        long bias = filter.bias() == 0 ? 0 : filter.bias() + offset;
        return new Filter(filter.weight() + offset, filter.stride(), bias, filter.width());
    }

    private double flops(int filters) {
        return 2.0 * width * filters * inputs.sequences.tokens() * inputs.channels;
    }

    /** Work on tokens {@code from} until {@code from + rows}. */
    @FunctionalInterface
    private interface Body {
        void run(Room room, int from, int rows);
    }

    /** Runs {@code body} over all tiles, the first of a sequence being number {@code firstBlock}. */
    private void tiles(double flops, int firstBlock, Body body) {
        int blocks = (length + ROWS - 1) / ROWS - firstBlock;
        int strips = (inputs.channels + CHANNELS - 1) / CHANNELS;
        int tasks = Math.toIntExact((long) inputs.sequences.count() * blocks * strips);
        try (Scratch scratch = new Scratch(compute, Room.elements(halo()))) {
            Runnable run = () -> compute.workers()
                    .run(
                            tasks,
                            task -> scratch.with(address -> {
                                int block = task / strips % blocks + firstBlock;
                                CausalTile tile = strip(address, task / strips / blocks, task % strips);
                                int from = block < 0 ? -halo() : block * ROWS;
                                body.run(new Room(tile), from, block < 0 ? halo() : Math.min(ROWS, length - from));
                            }));
            compute.profile().time(check.operation(), flops, run);
        }
    }

    private CausalTile strip(long scratch, int sequence, int strip) {
        int first = strip * CHANNELS;
        return new CausalTile(scratch, sequence, first, Math.min(CHANNELS, inputs.channels - first));
    }

    /** Sets the output of each filter, [tokens, channels]. */
    void forward(List<Filter> filters, List<Tensor> out) {
        TimeRows[] results = all(out);
        tiles(flops(filters.size()), 0, (room, from, rows) -> {
            if (room.usual(from, rows)) {
                for (int i = 0; i < results.length; i++) {
                    Filter filter = at(filters.get(i), room.tile);
                    siluKernels.forward(
                            x.halves(room.tile, from),
                            filter,
                            results[i].halves(room.tile, from),
                            room.inputsAt,
                            rows,
                            room.channels);
                }
                return;
            }
            room.findReaches(from, rows);
            Rows seen = room.inputs(from, rows);
            for (int i = 0; i < results.length; i++) {
                Rows result = room.results(results[i], from);
                kernels.forward(seen, room.reaches, at(filters.get(i), room.tile), result, rows, room.channels);
                for (int row = 0; silu && row < rows; row++) {
                    functions.value(ElementFunction.SILU, result.row(row), result.row(row), room.channels);
                }
                room.store(results[i], from, rows);
            }
        });
    }

    private TimeRows[] all(List<Tensor> matrices) {
        return matrices.stream()
                .map(matrix -> TimeRows.of(conversion, matrix, 0, length))
                .toArray(TimeRows[]::new);
    }

    /**
     * Sets {@code dx} [tokens, channels] to the sum of what the filters pass back, and {@code dHalo} to that of the inputs before
     * the first token.
     */
    void inputGradient(List<Filter> filters, List<Tensor> dOut, Tensor dx, Halo dHalo) {
        TimeRows[] gradients = all(dOut);
        TimeRows result = TimeRows.of(conversion, dx, 0, length);
        tiles((silu ? 2 : 1) * flops(filters.size()), dHalo.rows() > 0 ? -1 : 0, (room, from, rows) -> {
            int more = rows + halo();
            room.findReaches(from, more);
            // The sums before SiLU are made again.
            Rows seen = silu ? room.inputs(from, more) : NOT_READ;
            Rows passed = room.results(result, from);
            for (int i = 0; i < gradients.length; i++) {
                Filter filter = at(filters.get(i), room.tile);
                Rows d = room.gradients(gradients[i], seen, filter, from, more);
                kernels.inputGradient(d, room.reaches, filter, passed, i > 0, rows, room.channels);
            }
            if (from < 0) {
                storeHalo(room, dHalo);
            } else {
                room.store(result, from, rows);
            }
        });
    }

    private static void storeHalo(Room room, Halo dHalo) {
        long bytes = (long) room.tile.channels() * Float.BYTES;
        for (int row = 0; row < dHalo.rows(); row++) {
            long target = dHalo.element(room.tile.sequence(), row - dHalo.rows(), room.tile.firstChannel());
            Addresses.copy(room.resultsAt + row * bytes, target, bytes);
        }
    }

    /** Takes the sums of a weight gradient: F32 [width + 1, channels], a row for each lag and one for the bias. */
    @FunctionalInterface
    interface Sums {
        void take(long address);
    }

    /** Sets F32 {@code sums} [width + 1, channels] of zeros to those of some tokens. */
    @FunctionalInterface
    private interface TileSums {
        void set(Room room, int from, int rows, long sums);
    }

    /** Adds up the weight gradient of one filter. */
    void weightGradient(Filter filter, Tensor dOut, Sums target) {
        TimeRows gradients = TimeRows.of(conversion, dOut, 0, length);
        sumTiles((silu ? 2 : 1) * flops(1), target, (room, from, rows, sums) -> {
            room.findReaches(from, rows);
            Rows seen = room.inputs(from, rows);
            Rows d = room.gradients(gradients, seen, silu ? at(filter, room.tile) : filter, from, rows);
            kernels.weightGradient(d, seen, room.reaches, sums, rows, room.channels, width);
        });
    }

    /** Both gradients of one filter, what the activation lets through being made once; {@code dx} from a column. */
    void gradients(Filter filter, Tensor dOut, Tensor dx, int firstColumn, Sums target) {
        TimeRows gradients = TimeRows.of(conversion, dOut, 0, length);
        TimeRows result = TimeRows.of(conversion, dx, firstColumn, length);
        sumTiles((silu ? 3 : 2) * flops(1), target, (room, from, rows, sums) -> {
            CausalTile tile = room.tile;
            Filter own = at(filter, tile);
            int more = rows + halo();
            if (room.usual(from, more)) {
                long d = room.gradientsAt;
                SiluFilterKernels.HalfRows seen = x.halves(tile, from);
                siluKernels.throughSilu(gradients.halves(tile, from), seen, own, d, room.inputsAt, more, room.channels);
                siluKernels.passBack(d, seen, own, result.halves(tile, from), sums, room.inputsAt, rows, room.channels);
                return;
            }
            room.findReaches(from, more);
            Rows seen = room.inputs(from, more);
            Rows d = room.gradients(gradients, seen, own, from, more);
            kernels.inputGradient(d, room.reaches, own, room.results(result, from), false, rows, room.channels);
            room.store(result, from, rows);
            kernels.weightGradient(d, seen, room.reaches, sums, rows, room.channels, width);
        });
    }

    /** Adds up sums in tiles, in runs of {@value #TILES_IN_SUM} of them, and over those, in order. */
    private void sumTiles(double flops, Sums target, TileSums body) {
        int run = ROWS * TILES_IN_SUM;
        int runs = (length + run - 1) / run;
        int strips = (inputs.channels + CHANNELS - 1) / CHANNELS;
        int partials = Math.toIntExact((long) inputs.sequences.count() * runs);
        if (partials == 0) {
            return;
        }
        Tensor sums =
                compute.memory().zeros(Category.WORKSPACE, DType.F32, Shape.of(partials, width + 1L, inputs.channels));
        long partialBytes = (width + 1L) * inputs.channels * Float.BYTES;
        long first = sums.address();
        long room = Room.elements(halo()) + (width + 1L) * CHANNELS;
        try (Scratch scratch = new Scratch(compute, room)) {
            Runnable add = () -> compute.workers()
                    .run(
                            partials * strips,
                            task -> scratch.with(address -> {
                                int partial = task / strips;
                                CausalTile tile = strip(address, partial / runs, task % strips);
                                int from = partial % runs * run;
                                int until = Math.min(length, from + run);
                                addRun(new Room(tile), from, until, first + partial * partialBytes, body);
                            }));
            compute.profile().time(check.operation(), flops, add);
            combine(first, partials, (width + 1) * inputs.channels);
            target.take(first);
        } finally {
            sums.release();
        }
    }

    private void addRun(Room room, int from, int until, long partial, TileSums body) {
        int channels = room.channels;
        long sums = room.tile.scratch() + Room.elements(halo()) * Float.BYTES;
        for (int token = from; token < until; token += ROWS) {
            Addresses.fillZero(sums, (width + 1L) * channels * Float.BYTES);
            body.set(room, token, Math.min(ROWS, until - token), sums);
            for (int lag = 0; lag <= width; lag++) {
                long target = partial + ((long) lag * inputs.channels + room.tile.firstChannel()) * Float.BYTES;
                long source = sums + (long) lag * channels * Float.BYTES;
                compute.kernels().elementwise().add(target, source, target, channels);
            }
        }
    }

    private void combine(long sums, int partials, int elements) {
        Blocks.elements(compute, elements, (from, count) -> {
            long total = sums + from * Float.BYTES;
            for (int partial = 1; partial < partials; partial++) {
                long source = total + (long) partial * elements * Float.BYTES;
                compute.kernels().elementwise().add(total, source, total, count);
            }
        });
    }
}
