package dev.braid.tensor.ops;

import static dev.braid.tensor.DType.BF16;
import static dev.braid.tensor.DType.F32;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the facades refuse, and the words. */
final class RejectionTest {
    private Fixture fixture;
    private Compute compute;
    private Tensor x;
    private Tensor weight;
    private Tensor perRow;

    @BeforeEach
    void open() {
        fixture = new Fixture("vector");
        compute = fixture.compute();
        x = fixture.random(F32, 2, 4);
        weight = fixture.random(F32, 4);
        perRow = fixture.zeros(F32, 2);
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private static void assertRefused(Runnable operation, String message) {
        assertThatThrownBy(operation::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void shouldNameTheOperandWhoseShapeIsWrong() {
        Tensor y = fixture.zeros(F32, 2, 5);
        assertRefused(
                () -> RmsNorm.forward(compute, x, weight, 1e-5f, y, perRow),
                "rms_norm.forward: y must be F32 with 2 rows of 4 columns, but is F32[2, 5]");
    }

    @Test
    void shouldNameTheOperandWhoseDtypeIsWrong() {
        assertRefused(
                () -> RmsNorm.forward(compute, x, fixture.zeros(BF16, 4), 1e-5f, x, perRow),
                "rms_norm.forward: weight must be F32 with 4 elements, but is BF16[4]");
    }

    @Test
    void shouldRefuseIntegersAsValues() {
        assertRefused(
                () -> RmsNorm.forward(compute, fixture.ints(1), weight, 1e-5f, x, perRow),
                "rms_norm.forward: x must be an F32 or BF16 tensor, but is I32[1]");
        assertRefused(
                () -> Elementwise.scale(compute, fixture.ints(1), 2f),
                "scale: tensor must be F32 or BF16 with 1 element, but is I32[1]");
    }

    @Test
    void shouldRefuseScalarsAsRows() {
        assertRefused(
                () -> Elementwise.addBias(compute, fixture.zeros(F32), weight),
                "add_bias: y must be a tensor of at least one dimension, but is F32[]");
    }

    @Test
    void shouldRefuseBf16WhereOnlyF32IsRight() {
        assertRefused(
                () -> SquaredNorm.of(compute, fixture.zeros(BF16, 3)),
                "squared_norm: tensor must be F32, but is BF16[3]");
    }

    @Test
    void shouldNameTheOperandThatIsMissing() {
        assertRefused(
                () -> RmsNorm.forward(compute, x, null, 1e-5f, x, perRow),
                "rms_norm.forward: weight is missing (null)");
    }

    @Test
    void shouldNameTheOperandThatWasReleased() {
        Tensor gone = fixture.zeros(F32, 2, 4);
        gone.release();
        assertThatThrownBy(() -> RmsNorm.forward(compute, x, weight, 1e-5f, gone, perRow))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "rms_norm.forward: y F32[2, 4] was released; retain it for as long as an operation may use it");
    }

    @Test
    void shouldRefuseHeadsThatDoNotDivideTheRow() {
        assertRefused(
                () -> HeadNorm.forward(compute, x, weight, weight, 1, 1, 1e-5f, x, perRow),
                "head_norm.forward: qkv has 4 columns, which 1 query heads and twice 1 key-value heads do not divide");
        assertRefused(
                () -> HeadNorm.forward(compute, x, weight, weight, 0, 2, 1e-5f, x, perRow),
                "head_norm.forward: heads 0 and kvHeads 2 must be positive");
    }

    @Test
    void shouldRefuseTablesThatCannotBe() {
        assertRefused(
                () -> new RopeTable(3, 10_000, 8),
                "rope: 3 rotated values of a head must be even and positive, for they turn in pairs");
        assertRefused(() -> new RopeTable(4, 0, 8), "rope: base 0.0 must be positive; 10000 is usual");
        assertRefused(() -> new RopeTable(4, 10_000, 0), "rope: maximum positions 0 must be positive");
    }

    @Test
    void shouldRefusePositionsBeyondTheTable() {
        RopeTable table = new RopeTable(4, 10_000, 8);
        assertRefused(
                () -> Rope.apply(compute, x, table, fixture.ints(0, 8), 4, 1, false),
                "rope.apply: position 8 at index 1 is outside of 0..7; make the table (maximum positions) longer");
        assertRefused(
                () -> Rope.apply(compute, x, table, fixture.ints(-1, 0), 4, 1, true),
                "rope.inverse: position -1 at index 0 is outside of 0..7; make the table (maximum positions) longer");
    }

    @Test
    void shouldRefuseHeadsThatTheRowOrTheTableDoesNotHold() {
        RopeTable table = new RopeTable(4, 10_000, 8);
        assertRefused(
                () -> Rope.apply(compute, x, table, fixture.ints(0, 1), 2, 1, false),
                "rope.apply: the table rotates 4 values, but a head has 2");
        assertRefused(
                () -> Rope.apply(compute, x, table, fixture.ints(0, 1), 4, 2, false),
                "rope.apply: 2 heads of 4 values do not fit a row of 4");
    }

    @Test
    void shouldRefuseToOverwriteTheGateWithItsGradient() {
        Tensor gateUp = fixture.zeros(F32, 2, 8);
        assertRefused(
                () -> SwiGlu.inputGradient(compute, x, gateUp, gateUp),
                "swiglu.input_gradient: dGateUp must not be gateUp itself; allocate a tensor for it");
    }

    @Test
    void shouldNameTheTokenThatIsOutOfRange() {
        Tensor table = fixture.zeros(F32, 10, 4);
        String reason = " is outside of 0..9 (vocabulary size 10); the data was made with another tokenizer";
        assertRefused(
                () -> Embedding.forward(compute, table, fixture.ints(3, 10), x),
                "embedding.forward: token 10 at index 1" + reason);
        assertRefused(
                () -> Embedding.weightGradient(compute, x, fixture.ints(-100, 0), table),
                "embedding.weight_gradient: token -100 at index 0" + reason);
    }

    @Test
    void shouldNameTheLabelThatIsOutOfRange() {
        assertRefused(
                () -> CrossEntropy.forward(compute, x, fixture.ints(-100, 4), 0f, perRow, perRow),
                "cross_entropy.forward: label 4 at index 1 is outside of 0..3 (vocabulary size 4);"
                        + " a label that does not count is -100");
        assertRefused(
                () -> CrossEntropy.gradient(compute, x, fixture.ints(-1, 0), perRow, 1f, 0f, x),
                "cross_entropy.gradient: label -1 at index 0 is outside of 0..3 (vocabulary size 4);"
                        + " a label that does not count is -100");
    }

    @Test
    void shouldRefuseColumnsAndRowsThatAreNotThere() {
        Tensor target = fixture.zeros(F32, 3, 2);
        assertRefused(
                () -> Elementwise.copyColumns(compute, x, 3, 2, target, 0),
                "copy_columns: columns 3 until 5 are not all in source F32[2, 4]");
        assertRefused(
                () -> Elementwise.copyColumns(compute, x, 0, 2, target, 2),
                "copy_columns: rows 2 until 4 are not all in target F32[3, 2]");
    }

    @Test
    void shouldRefuseRangesThatCutABlockOrLeaveTheTensor() {
        Tensor tensor = fixture.zeros(F32, 10_000);
        assertRefused(
                () -> SquaredNorm.of(compute, tensor, 100, 10),
                "squared_norm: the range starts at element 100, which is not a multiple of the block of 4096 elements;"
                        + " cut tensors between blocks");
        assertRefused(
                () -> SquaredNorm.of(compute, tensor, 8192, 2000),
                "squared_norm: elements 8192 until 10192 are not all in F32[10000]");
    }

    @Test
    void shouldRefuseRandomNumbersWithoutAMeaning() {
        assertRefused(
                () -> CounterRandom.normal(compute, x, 1, "weight", 0, -1, 0),
                "random.normal: standard deviation -1.0 must be finite and not negative");
        assertRefused(
                () -> CounterRandom.normal(compute, x, 1, "weight", 0, 1, -1),
                "random.normal: first element -1 must not be negative");
    }

    @Test
    void shouldRefuseMomentsOfAnotherSize() {
        AdamWScalars scalars = AdamWScalars.at(1, 1e-3, 0.9, 0.95, 1e-8, 0, 1);
        assertRefused(
                () -> AdamWUpdate.apply(compute, x, x, weight, x, null, scalars),
                "adamw: m must be F32 with 8 elements, but is F32[4]");
        assertRefused(
                () -> AdamWUpdate.apply(compute, x, x, x, x, x, scalars),
                "adamw: compute must be BF16 with 8 elements, but is F32[2, 4]");
    }
}
