package dev.braid.parallelism.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.HeadLoss;
import dev.braid.tensor.autograd.LogitTransform;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Weight;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cross-entropy over a vocabulary that ranks divide. */
class HeadLossTest {
    private static final int IGNORED = -100;

    private record Outcome(double loss, Matrix inputGradient, Matrix headGradient) {}

    private static Outcome loss(
            TensorRank rank, Matrix x, Matrix head, int[] labels, float scale, float zLoss, boolean deferred) {
        WeightQueue queue = new WeightQueue();
        Weight weight = rank.weight(head, Division.ROWS, DType.F32);
        Tensor targets = rank.compute().memory().allocate(Category.ACTIVATIONS, DType.I32, Shape.of(labels.length));
        targets.setInts(labels);
        try (Tape tape = Tape.training(rank.compute(), DType.F32, deferred ? queue : null, rank.axis())) {
            Variable leaf = rank.leaf(tape, x, Division.ROWS);
            double loss = HeadLoss.of(tape, leaf, weight, targets, scale, zLoss);
            tape.backward();
            queue.run();
            Tensor gradient = leaf.passedGradient().orElseThrow();
            Matrix passed = new Matrix(leaf.rows(), x.columns(), gradient.toFloats());
            gradient.release();
            return new Outcome(
                    loss,
                    passed,
                    new Matrix(weight.rows(), head.columns(), weight.gradient().toFloats()));
        } finally {
            targets.release();
        }
    }

    /** With x the identity, the logits of row i are column i of the head: {@code 3 sin(0.5 (i+1) (v+1))}. */
    private static final Matrix IDENTITY = new Matrix(3, 3, new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1});

    private static Matrix goldenHead() {
        Matrix head = new Matrix(8, 3, new float[24]);
        for (int v = 0; v < 8; v++) {
            for (int i = 0; i < 3; i++) {
                head.values()[v * 3 + i] = (float) (3 * Math.sin(0.5 * (i + 1) * (v + 1)));
            }
        }
        return head;
    }

    /** Figures computed in double precision. 3 ranks have 3, 3 and 2 columns; of 8 ranks, five have no row of x. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8})
    void shouldGiveTheGoldenLossesOnAnyNumberOfRanks(int ranks) throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, ranks)) {
            world.each(local -> {
                TensorRank rank = TensorRank.of(local);
                double[] losses = {1.1007624687, 4.8731116751, 5.3554243885};
                int[] labels = {2, 5, 7};
                for (int row = 0; row < 3; row++) {
                    int[] only = {IGNORED, IGNORED, IGNORED};
                    only[row] = labels[row];
                    assertThat(loss(rank, IDENTITY, goldenHead(), only, 1, 0, false).loss)
                            .isCloseTo(losses[row], within(1e-6 * losses[row]));
                }
                double mean = loss(rank, IDENTITY, goldenHead(), labels, 1, 0, false).loss / 3;
                assertThat(mean).isCloseTo(3.7764328441, within(1e-6));
                // The share of z-loss is found by a coefficient of 1: the mean of lse^2 is 15.6883741.
                double withZLoss = loss(rank, IDENTITY, goldenHead(), labels, 1, 1, false).loss / 3;
                assertThat(withZLoss - mean).isCloseTo(15.6883741, within(2e-5));
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8})
    void shouldGiveTheGoldenGradient(int ranks) throws Exception {
        // With x the identity, element [v, i] of the head's gradient is that of logit v in row i.
        Matrix row0 = new Matrix(4, 1, new float[] {.0703008905f, .2082878058f, -.6673826234f, .2552899941f});
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, ranks)) {
            world.each(local -> {
                TensorRank rank = TensorRank.of(local);
                Outcome outcome = loss(rank, IDENTITY, goldenHead(), new int[] {2, 5, 7}, 1, 0, false);
                int firstColumn = 0;
                for (int before = 0; before < local.rank(); before++) {
                    firstColumn += (int) rank.axis().shares(8)[before];
                }
                for (int v = firstColumn; v < Math.min(4, firstColumn + outcome.headGradient.rows()); v++) {
                    assertThat(outcome.headGradient.values()[(v - firstColumn) * 3])
                            .as("column %d", v)
                            .isCloseTo(row0.values()[v], within(1e-6f));
                }
            });
        }
    }

    /** Row i has its largest logit, 3 sin(0.5 (i+1) (v+1)), at v = 2, 7 and 0. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8})
    void shouldCountTheRightRowsOnAnyNumberOfRanks(int ranks) throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, ranks)) {
            long before = TensorRank.live(world);
            world.each(local -> {
                TensorRank rank = TensorRank.of(local);
                assertThat(evaluate(rank, 2, 7, 0).correct()).isEqualTo(3);
                assertThat(evaluate(rank, 2, IGNORED, 7).correct()).isEqualTo(1);
                assertThat(evaluate(rank, 2, 5, 7).loss()).isCloseTo(3 * 3.7764328441, within(1e-5));
            });
            assertThat(TensorRank.live(world)).as("live bytes").isEqualTo(before);
        }
    }

    private static HeadLoss.Evaluation evaluate(TensorRank rank, int... labels) {
        Weight weight = rank.weight(goldenHead(), Division.ROWS, DType.F32);
        Tensor targets = rank.compute().memory().allocate(Category.ACTIVATIONS, DType.I32, Shape.of(labels.length));
        targets.setInts(labels);
        try (Tape tape = Tape.inference(rank.compute(), DType.F32, rank.axis())) {
            return HeadLoss.evaluate(
                    tape, rank.leaf(tape, IDENTITY, Division.ROWS), weight, targets, 0, LogitTransform.NONE);
        } finally {
            targets.release();
        }
    }

    private static void expectOneRanksOutcome(
            int ranks, Matrix x, Matrix head, int[] labels, boolean deferred, float tolerance) throws Exception {
        Outcome whole;
        try (Memory memory = new Memory()) {
            whole = loss(TensorRank.alone(memory), x, head, labels, 0.1f, 1e-2f, false);
        }
        double[] losses = new double[ranks];
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, ranks)) {
            long before = TensorRank.live(world);
            world.each(local -> {
                TensorRank rank = TensorRank.of(local);
                Outcome outcome = loss(rank, x, head, labels, 0.1f, 1e-2f, deferred);
                losses[local.rank()] = outcome.loss;
                assertThat(outcome.loss).isCloseTo(whole.loss, within(1e-6 * whole.loss));
                assertThat(outcome.inputGradient.values())
                        .usingComparatorWithPrecision(tolerance)
                        .containsExactly(
                                rank.part(whole.inputGradient, Division.ROWS).values());
                assertThat(outcome.headGradient.values())
                        .usingComparatorWithPrecision(tolerance)
                        .containsExactly(
                                rank.part(whole.headGradient, Division.ROWS).values());
            });
            assertThat(TensorRank.live(world)).as("live bytes").isEqualTo(before);
        }
        assertThat(losses).as("the same bits on all ranks").containsOnly(losses[0]);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void shouldGiveTheGradientsOfOneRank(int ranks) throws Exception {
        Matrix x = Matrix.random(1, 7, 5);
        Matrix head = Matrix.random(2, 29, 5);
        int[] labels = {0, 28, 14, IGNORED, 15, 9, 10};
        expectOneRanksOutcome(ranks, x, head, labels, false, 1e-6f);
        expectOneRanksOutcome(ranks, x, head, labels, true, 1e-6f);
    }

    @Test
    void shouldExchangeFiguresChunkByChunk() throws Exception {
        // 150,000 columns a rank let a chunk have the smallest number of rows, 64: two chunks for 70 rows.
        int[] labels = new int[70];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = 4_200 * i;
        }
        // A gradient of x sums 300,000 products in f32, whose order differs.
        expectOneRanksOutcome(2, Matrix.random(1, 70, 2), Matrix.random(2, 300_000, 2), labels, false, 1e-3f);
    }
}
