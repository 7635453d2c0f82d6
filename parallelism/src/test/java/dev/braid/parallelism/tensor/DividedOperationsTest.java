package dev.braid.parallelism.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.GatherRows;
import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.ScatterRows;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.TokenShift;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.ops.GroupNorm;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Weight;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.AbstractFloatArrayAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each operation on 1 to 4 ranks against itself on one rank, with tokens, rows and columns that do not divide evenly. */
class DividedOperationsTest {
    private static final Division ROWS = Division.ROWS;
    private static final Division COLUMNS = Division.COLUMNS;
    private static final Division WHOLE = Division.WHOLE;
    private static final int INPUTS = 9;
    private static final int OUTPUTS = 11;

    /** What an operation leaves; {@code gradients} are those of its inputs in order, the weight's last. */
    private record Outcome(Matrix output, Matrix... gradients) {}

    /** Runs an operation forward and backward. */
    private interface Pass {
        Outcome on(TensorRank rank, DType dtype);
    }

    /** How the outcome of one rank is divided over several. */
    private record Divisions(Division output, Division... gradients) {}

    private static Matrix values(Tensor tensor) {
        return new Matrix((int) tensor.shape().rows(), (int) tensor.shape().columns(), tensor.toFloats());
    }

    private static void expectParts(int ranks, DType dtype, float tolerance, Divisions divisions, Pass pass)
            throws Exception {
        Outcome whole;
        try (Memory memory = new Memory()) {
            whole = pass.on(TensorRank.alone(memory), dtype);
        }
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, ranks)) {
            long before = TensorRank.live(world);
            world.each(local -> {
                TensorRank rank = TensorRank.of(local);
                Outcome outcome = pass.on(rank, dtype);
                expectPart(rank, "output", outcome.output, whole.output, divisions.output, tolerance);
                for (int i = 0; i < outcome.gradients.length; i++) {
                    expectPart(
                            rank,
                            "gradient " + i,
                            outcome.gradients[i],
                            whole.gradients[i],
                            divisions.gradients[i],
                            tolerance);
                }
            });
            assertThat(TensorRank.live(world)).as("live bytes").isEqualTo(before);
        }
    }

    private static void expectPart(
            TensorRank rank, String name, Matrix actual, Matrix whole, Division division, float tolerance) {
        AbstractFloatArrayAssert<?> values = assertThat(actual.values())
                .as("%s of rank %d", name, rank.axis().rank());
        // Without a comparator every bit counts; to one with a precision of 0 zeros of both signs are the same.
        (tolerance == 0 ? values : values.usingComparatorWithPrecision(tolerance))
                .containsExactly(rank.part(whole, division).values());
    }

    /** Gives {@code output} a gradient and runs backward, then whatever waits in {@code queue}. */
    private static void backward(TensorRank rank, Tape tape, Variable output, Matrix gradient, WeightQueue queue) {
        tape.backward(output, rank.tensor(gradient, tape.dtype()));
        queue.run();
    }

    private static Outcome column(TensorRank rank, DType dtype, int tokens, boolean deferred) {
        WeightQueue queue = new WeightQueue();
        Weight weight = rank.weight(Matrix.random(1, OUTPUTS, INPUTS), ROWS, dtype);
        try (Tape tape = Tape.training(rank.compute(), dtype, deferred ? queue : null, rank.axis())) {
            Variable x = rank.leaf(tape, Matrix.random(2, tokens, INPUTS), ROWS);
            // The norm before it keeps the tokens divided and passes x's gradient on, where the test can read it.
            Variable again = Operations.rmsNorm(tape, x, ones(rank), 1e-5f);
            Variable y = Operations.columnLinear(tape, again, weight);
            Matrix output = values(y.value());
            backward(rank, tape, y, rank.part(Matrix.random(3, tokens, OUTPUTS), COLUMNS), queue);
            return new Outcome(output, gradient(x), values(weight.gradient()));
        }
    }

    private static Weight ones(TensorRank rank) {
        Matrix ones = new Matrix(1, INPUTS, new float[INPUTS]);
        Arrays.fill(ones.values(), 1);
        return rank.weight(ones, WHOLE, DType.F32);
    }

    private static Matrix gradient(Variable variable) {
        Tensor gradient = variable.passedGradient().orElseThrow();
        Matrix values = values(gradient);
        gradient.release();
        return values;
    }

    private static Outcome row(TensorRank rank, DType dtype, int tokens, boolean deferred) {
        WeightQueue queue = new WeightQueue();
        Weight weight = rank.weight(Matrix.random(1, OUTPUTS, INPUTS), COLUMNS, dtype);
        try (Tape tape = Tape.training(rank.compute(), dtype, deferred ? queue : null, rank.axis())) {
            Variable x = rank.leaf(tape, Matrix.random(2, tokens, INPUTS), COLUMNS);
            Variable residual = rank.leaf(tape, Matrix.random(4, tokens, OUTPUTS), ROWS);
            Variable y = Operations.rowLinear(tape, x, weight, residual);
            Matrix output = values(y.value());
            backward(rank, tape, y, rank.part(Matrix.random(3, tokens, OUTPUTS), ROWS), queue);
            return new Outcome(output, gradient(x), gradient(residual), values(weight.gradient()));
        }
    }

    /** 20 tokens and ids 0, 3, 6, ...: each rank's part of the 13 rows is hit, some rows twice. */
    private static Outcome embedding(TensorRank rank, DType dtype, int tokens, boolean deferred) {
        WeightQueue queue = new WeightQueue();
        Weight table = rank.weight(Matrix.random(1, 13, OUTPUTS), ROWS, dtype);
        Tensor ids = ids(rank, tokens);
        Matrix output;
        try (Tape tape = Tape.training(rank.compute(), dtype, deferred ? queue : null, rank.axis())) {
            Variable y = Operations.embedding(tape, ids, table);
            output = values(y.value());
            backward(rank, tape, y, rank.part(Matrix.random(3, tokens, OUTPUTS), ROWS), queue);
        }
        ids.release();
        return new Outcome(output, values(table.gradient()));
    }

    private static Tensor ids(TensorRank rank, int tokens) {
        Tensor ids = rank.compute().memory().allocate(Category.ACTIVATIONS, DType.I32, Shape.of(tokens));
        for (int i = 0; i < tokens; i++) {
            ids.setInt(i, 3 * i % 13);
        }
        return ids;
    }

    /** The last line has fewer tokens than ranks: ranks 2 and 3 have none. */
    @ParameterizedTest
    @CsvSource({"1, 7, false", "2, 7, false", "3, 7, true", "4, 9, false", "4, 9, true", "4, 2, false"})
    void shouldMultiplyGatheredRowsByOwnRowsOfTheWeight(int ranks, int tokens, boolean deferred) throws Exception {
        expectParts(
                ranks,
                DType.F32,
                1e-5f,
                new Divisions(COLUMNS, ROWS, ROWS),
                (rank, dtype) -> column(rank, dtype, tokens, deferred));
    }

    @ParameterizedTest
    @CsvSource({"1, 7, false", "2, 7, false", "3, 7, true", "4, 9, false", "4, 9, true", "4, 2, false"})
    void shouldScatterTheSumOfProductsOverOwnColumns(int ranks, int tokens, boolean deferred) throws Exception {
        expectParts(
                ranks,
                DType.F32,
                1e-5f,
                new Divisions(ROWS, COLUMNS, ROWS, COLUMNS),
                (rank, dtype) -> row(rank, dtype, tokens, deferred));
    }

    @ParameterizedTest
    @CsvSource({"1, 20, false", "2, 20, false", "3, 20, true", "4, 21, false", "4, 3, false"})
    void shouldLookUpRowsOfAnyRank(int ranks, int tokens, boolean deferred) throws Exception {
        // A look-up adds zeros only and a table row is added up in the order of tokens: the bits of one rank.
        expectParts(
                ranks,
                DType.F32,
                0,
                new Divisions(ROWS, ROWS),
                (rank, dtype) -> embedding(rank, dtype, tokens, deferred));
    }

    /** All rows of x through a product with the rank's own rows of the weight. */
    private static Outcome gathered(TensorRank rank, int tokens, boolean deferred) {
        WeightQueue queue = new WeightQueue();
        Weight weight = rank.weight(Matrix.random(1, OUTPUTS, INPUTS), ROWS, DType.F32);
        try (Tape tape = Tape.training(rank.compute(), DType.F32, deferred ? queue : null, rank.axis())) {
            Variable x = rank.leaf(tape, Matrix.random(2, tokens, INPUTS), ROWS);
            Variable all = GatherRows.of(tape, x);
            assertThat(values(all.value()).values())
                    .containsExactly(Matrix.random(2, tokens, INPUTS).values());
            Variable y = Operations.linear(tape, all, weight);
            Matrix output = values(y.value());
            backward(rank, tape, y, rank.part(Matrix.random(3, tokens, OUTPUTS), COLUMNS), queue);
            return new Outcome(output, gradient(x), values(weight.gradient()));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 7, false", "2, 7, false", "3, 7, true", "4, 2, false"})
    void shouldGatherRowsAndScatterTheSumOfTheirGradients(int ranks, int tokens, boolean deferred) throws Exception {
        expectParts(
                ranks,
                DType.F32,
                1e-5f,
                new Divisions(COLUMNS, ROWS, ROWS),
                (rank, dtype) -> gathered(rank, tokens, deferred));
    }

    /** The summand of each rank is a product with its own columns of the weight. */
    private static Outcome scattered(TensorRank rank, DType dtype, int tokens) {
        Weight weight = rank.weight(Matrix.random(1, OUTPUTS, INPUTS), COLUMNS, dtype);
        try (Tape tape = Tape.training(rank.compute(), dtype, null, rank.axis())) {
            Variable x = rank.leaf(tape, Matrix.random(2, tokens, INPUTS), COLUMNS);
            Variable residual = rank.leaf(tape, Matrix.random(4, tokens, OUTPUTS), ROWS);
            Variable y = ScatterRows.of(tape, Operations.linear(tape, x, weight), residual);
            Matrix output = values(y.value());
            backward(rank, tape, y, rank.part(Matrix.random(3, tokens, OUTPUTS), ROWS), new WeightQueue());
            return new Outcome(output, gradient(x), gradient(residual), values(weight.gradient()));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 7", "2, 7", "3, 7", "4, 9", "4, 2"})
    void shouldScatterTheSumOfWhatRanksHaveForAllRows(int ranks, int tokens) throws Exception {
        Divisions divisions = new Divisions(ROWS, COLUMNS, ROWS, COLUMNS);
        expectParts(ranks, DType.F32, 1e-5f, divisions, (rank, dtype) -> scattered(rank, dtype, tokens));
        expectParts(ranks, DType.BF16, 0.2f, divisions, (rank, dtype) -> scattered(rank, dtype, tokens));
    }

    /** A norm with a gate over groups of {@code size} columns that ranks divide. */
    private static Outcome norm(TensorRank rank, int columns, int size, GroupNorm.Gating gating) {
        Weight weight = rank.vector(Matrix.random(1, 1, columns), ROWS);
        try (Tape tape = Tape.training(rank.compute(), DType.F32, null, rank.axis())) {
            Variable x = rank.leaf(tape, Matrix.random(2, 5, columns), COLUMNS);
            Variable gate = rank.leaf(tape, Matrix.random(3, 5, columns), COLUMNS);
            Variable y = Norms.gatedRms(tape, x, gate, gating, Optional.of(weight), size, 1e-5f);
            Matrix output = values(y.value());
            backward(rank, tape, y, rank.part(Matrix.random(4, 5, columns), COLUMNS), new WeightQueue());
            Matrix dWeight = new Matrix(1, weight.columns(), weight.gradient().toFloats());
            return new Outcome(output, gradient(x), gradient(gate), dWeight);
        }
    }

    /** One group over all ranks with uneven parts; two groups, each over two ranks; a group on each rank. */
    @ParameterizedTest
    @CsvSource({"1, 9, 9", "2, 9, 9", "4, 9, 9", "4, 8, 4", "2, 8, 4"})
    void shouldNormaliseGroupsThatRanksDivide(int ranks, int columns, int size) throws Exception {
        for (GroupNorm.Gating gating : List.of(GroupNorm.Gating.SILU_AFTER, GroupNorm.Gating.SILU_BEFORE)) {
            expectParts(
                    ranks,
                    DType.F32,
                    1e-5f,
                    new Divisions(COLUMNS, COLUMNS, COLUMNS, COLUMNS),
                    (rank, dtype) -> norm(rank, columns, size, gating));
        }
    }

    @Test
    void shouldRefuseTokensWhoseNeighboursAreElsewhere() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            world.each(local -> {
                TensorRank rank = TensorRank.of(local);
                try (Tape tape = Tape.training(rank.compute(), DType.F32, null, rank.axis())) {
                    Variable x = rank.leaf(tape, Matrix.random(2, 4, INPUTS), ROWS);
                    assertThatThrownBy(() -> TokenShift.of(tape, x, 1, x.value(), Optional.empty()))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessage("token_shift: this rank has 2 of 4 tokens, but a token needs those before it;"
                                    + " use GatherRows first");
                }
            });
        }
    }

    /** Summands are rounded to bf16 for the wire, then the sum, then the sum with the residual: each 2^-9 of up to 10. */
    @Test
    void shouldRoundEachSummandOfBf16Once() throws Exception {
        expectParts(
                3,
                DType.BF16,
                0.2f,
                new Divisions(ROWS, COLUMNS, ROWS, COLUMNS),
                (rank, dtype) -> row(rank, dtype, 7, false));
        expectParts(
                3,
                DType.BF16,
                0.2f,
                new Divisions(COLUMNS, ROWS, ROWS),
                (rank, dtype) -> column(rank, dtype, 7, false));
    }

    /** While decoding all rows are on every rank. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "4, 3"})
    void shouldKeepAllRowsOnEveryRankWhileDecoding(int ranks, int tokens) throws Exception {
        expectParts(ranks, DType.F32, 1e-5f, new Divisions(WHOLE), (rank, dtype) -> {
            Weight table = rank.weight(Matrix.random(1, 13, INPUTS), ROWS, dtype);
            Weight up = rank.weight(Matrix.random(2, 8, INPUTS), ROWS, dtype);
            Weight down = rank.weight(Matrix.random(3, INPUTS, 8), COLUMNS, dtype);
            Tensor ids = ids(rank, tokens);
            try (Tape tape = Tape.decoding(rank.compute(), dtype, rank.axis())) {
                Variable x = Operations.embedding(tape, ids, table);
                Variable y = Operations.rowLinear(tape, Operations.columnLinear(tape, x, up), down, x);
                assertThat(y.divided()).isFalse();
                return new Outcome(values(y.value()));
            } finally {
                ids.release();
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 5", "3, 5", "4, 2"})
    void shouldGatherTheLogitsOfAllColumns(int ranks, int tokens) throws Exception {
        expectParts(ranks, DType.F32, 1e-5f, new Divisions(WHOLE), (rank, dtype) -> {
            Weight head = rank.weight(Matrix.random(1, 13, INPUTS), ROWS, dtype);
            try (Tape tape = Tape.inference(rank.compute(), dtype, rank.axis())) {
                Tensor logits = Operations.logits(tape, rank.leaf(tape, Matrix.random(2, tokens, INPUTS), ROWS), head);
                Matrix values = values(logits);
                logits.release();
                return new Outcome(values);
            }
        });
    }

    @Test
    void shouldRefuseWholeRowsWhereATapeRecords() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            world.each(local -> {
                TensorRank rank = TensorRank.of(local);
                Weight weight = rank.weight(Matrix.random(1, OUTPUTS, INPUTS), ROWS, DType.F32);
                try (Tape tape = Tape.training(rank.compute(), DType.F32, null, rank.axis())) {
                    Variable x = rank.leaf(tape, Matrix.random(2, 5, INPUTS), WHOLE);
                    assertThatThrownBy(() -> Operations.columnLinear(tape, x, weight))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessage("column_linear: all 5 rows are on this rank, but where a tape records, each"
                                    + " rank has its share of them");
                }
            });
        }
    }

    @Test
    void shouldRefuseALeafThatIsNotTheRanksShare() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            world.each(local -> {
                TensorRank rank = TensorRank.of(local);
                Tensor rows = rank.tensor(Matrix.random(1, 4, 2), DType.F32);
                try (Tape tape = Tape.inference(rank.compute(), DType.F32, rank.axis())) {
                    int share = rank.axis().rank() == 0 ? 3 : 2;
                    assertThatThrownBy(() -> tape.dividedLeaf(rows, 5, false))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessage("rank %d of 2 has %d of 5 tokens, the value is F32[4, 2]"
                                    .formatted(rank.axis().rank(), share));
                }
                rows.release();
            });
        }
    }

    @Test
    void shouldBeTrivialOnOneRank() {
        try (Memory memory = new Memory()) {
            TensorRank rank = TensorRank.alone(memory);
            Tensor x = rank.tensor(Matrix.random(1, 3, 2), DType.F32);
            Tensor y = rank.tensor(Matrix.random(2, 3, 2), DType.F32);
            TensorAxis.SINGLE.gatherRows(x, y).await();
            assertThat(y.toFloats()).containsExactly(x.toFloats());
        }
    }
}
