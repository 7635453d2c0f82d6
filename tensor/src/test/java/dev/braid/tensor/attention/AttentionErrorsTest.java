package dev.braid.tensor.attention;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AttentionErrorsTest {
    private static final AttentionSpec SPEC = AttentionSpec.causal(2, 3, 4);

    private Compute compute;

    @BeforeEach
    void open() {
        compute = new Compute(1, "vector", "test");
    }

    @AfterEach
    void close() {
        compute.close();
    }

    private Tensor tensor(DType dtype, long... extents) {
        return compute.memory().allocate(Category.ACTIVATIONS, dtype, Shape.of(extents));
    }

    private Heads heads(int rows, int heads, int size) {
        return Heads.of(tensor(DType.F32, rows, (long) heads * size), size);
    }

    private void forward(Heads q, Heads k, Heads v, Heads o, Tensor lse) {
        Attention.forward(compute, SPEC, q, k, v, o, lse);
    }

    private static void rejects(Runnable call, String message) {
        assertThatThrownBy(call::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void shouldRejectImpossibleSpecs() {
        rejects(() -> new AttentionSpec(0, 1, 1, 0, 0, true, 1), "attention batch must be at least 1 but is 0");
        rejects(() -> new AttentionSpec(1, 0, 1, 0, 0, true, 1), "attention queries must be at least 1 but is 0");
        rejects(() -> new AttentionSpec(1, 1, 0, 0, 0, true, 1), "attention keys must be at least 1 but is 0");
        rejects(() -> new AttentionSpec(1, 1, 1, -1, 0, true, 1), "attention queryOffset must be at least 0 but is -1");
        rejects(() -> new AttentionSpec(1, 1, 1, 0, -2, true, 1), "attention keyOffset must be at least 0 but is -2");
        rejects(
                () -> new AttentionSpec(1, 1, 1, 0, 0, true, Float.NaN),
                "attention scale must be a finite number, usually 1 / sqrt(head size), but is NaN");
    }

    @Test
    void shouldRejectImpossibleWindowsAndCaps() {
        rejects(() -> new Window(0, 4), "attention window must be at least 1, for a query sees itself, but is 0");
        rejects(() -> new Window(1, -1), "attention sinks must be at least 0 but are -1");
        rejects(
                () -> new AttentionOptions(1, 0, Window.ALL),
                "attention cap must be above 0, or infinite for none, but is 0.0");
        AttentionOptions options = new AttentionOptions(1, 50, new Window(8, 0));
        rejects(
                () -> new AttentionSpec(1, 1, 1, 0, 0, false, options),
                "an attention window of 8 counts back from the query: make the attention causal, or the window"
                        + " Window.ALL");
    }

    @Test
    void shouldRejectHeadsOutsideTheirRows() {
        Tensor tensor = tensor(DType.F32, 2, 12);
        rejects(
                () -> new Heads(tensor, 5, 2, 4),
                "2 heads of 4 columns from column 5 do not fit rows of 12 columns of " + tensor);
        rejects(
                () -> new Heads(tensor, -1, 1, 4),
                "1 heads of 4 columns from column -1 do not fit rows of 12 columns of " + tensor);
        rejects(() -> new Heads(tensor, 0, 0, 4), "at least one head is needed, not 0");
        rejects(() -> new Heads(tensor, 0, 1, 0), "head size must be from 1 to 1024 but is 0");
        rejects(() -> new Heads(tensor, 0, 1, 1025), "head size must be from 1 to 1024 but is 1025");
        rejects(() -> new Heads(tensor, 0, 2, 4, 3), "heads of 4 columns overlap: from one to the next there are 3");
        rejects(
                () -> new Heads(tensor, 1, 2, 4, 8),
                "2 heads of 4 columns from column 1 do not fit rows of 12 columns of " + tensor);
        rejects(() -> Heads.of(tensor, 5), "head size 5 does not divide the 12 columns of " + tensor);
    }

    @Test
    void shouldRejectIntegerTensors() {
        Tensor tensor = tensor(DType.I32, 2, 12);
        rejects(() -> new Heads(tensor, 0, 1, 4), "heads take F32 or BF16 tensors, not " + tensor);
    }

    @Test
    void shouldRejectKeyHeadsThatDoNotDivideTheQueryHeads() {
        rejects(
                () -> forward(heads(6, 4, 4), heads(6, 3, 4), heads(6, 3, 4), heads(6, 4, 4), null),
                "the 4 query heads must be a multiple of the 3 key heads: change the number of key heads");
    }

    @Test
    void shouldRejectOperandsThatDoNotFitOneAnother() {
        rejects(
                () -> forward(heads(6, 4, 4), heads(6, 2, 5), heads(6, 2, 5), heads(6, 4, 4), null),
                "head size of k is 5 but that of q is 4");
        rejects(
                () -> forward(heads(6, 4, 4), heads(6, 2, 4), heads(6, 1, 4), heads(6, 4, 4), null),
                "v has 1 heads of size 4 but must have 2 of size 4, as k has");
        rejects(
                () -> forward(heads(6, 4, 4), heads(6, 2, 4), heads(6, 2, 4), heads(6, 2, 4), null),
                "o has 2 heads of size 4 but must have 4 of size 4, as q has");
        rejects(
                () -> forward(heads(6, 4, 4), heads(6, 2, 4), heads(6, 2, 3), heads(6, 4, 4), null),
                "o has 4 heads of size 4 but must have 4 of size 3, as q and v have");
    }

    @Test
    void shouldRejectTooFewRows() {
        Heads q = heads(5, 1, 4);
        rejects(
                () -> forward(q, heads(6, 1, 4), heads(6, 1, 4), heads(6, 1, 4), null),
                "q needs 6 rows (batch * queries) but is " + q.tensor());
        rejects(
                () -> forward(heads(6, 1, 4), heads(6, 1, 4), q, heads(6, 1, 4), null),
                "v needs 6 rows (batch * keys) but is " + q.tensor());
    }

    @Test
    void shouldRejectAnLseOfTheWrongShapeOrNone() {
        Heads x = heads(6, 1, 4);
        Tensor lse = tensor(DType.F32, 7);
        rejects(
                () -> forward(x, x, x, heads(6, 1, 4), lse),
                "lse must be F32 [batch 2, heads 1, queries 3] but is " + lse);
        Tensor bf16 = tensor(DType.BF16, 6);
        rejects(
                () -> forward(x, x, x, heads(6, 1, 4), bf16),
                "lse must be F32 [batch 2, heads 1, queries 3] but is " + bf16);
        rejects(
                () -> Attention.backward(compute, SPEC, x, x, x, x, null, x, x, x, x),
                "attention.backward needs the lse that attention.forward wrote: pass a tensor to forward instead of"
                        + " null");
    }

    @Test
    void shouldRejectGradientsOfTheWrongShape() {
        Heads x = heads(6, 1, 4);
        Heads other = heads(6, 2, 4);
        Tensor lse = tensor(DType.F32, 6);
        rejects(
                () -> Attention.backward(compute, SPEC, x, x, x, x, lse, other, x, x, x),
                "dO has 2 heads of size 4 but must have 1 of size 4, as q has");
        rejects(
                () -> Attention.backward(compute, SPEC, x, x, x, x, lse, x, other, x, x),
                "dq has 2 heads of size 4 but must have 1 of size 4, as q has");
        rejects(
                () -> Attention.backward(compute, SPEC, x, x, x, x, lse, x, x, other, x),
                "dk has 2 heads of size 4 but must have 1 of size 4, as k has");
        rejects(
                () -> Attention.backward(compute, SPEC, x, x, x, x, lse, x, x, x, other),
                "dv has 2 heads of size 4 but must have 1 of size 4, as v has");
    }

    @Test
    void shouldRejectAReleasedTensor() {
        Heads x = heads(6, 1, 4);
        Heads released = heads(6, 1, 4);
        released.tensor().release();
        assertThatThrownBy(() -> forward(x, x, released, x, null))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was released");
    }
}
