package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.KernelProviders;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Slots of tokens in the order of experts. */
class AssignmentTest {
    private static final int NONE = Selection.NONE;

    private final Compute compute = new Compute(1, "vector", "test", KernelProviders.chosen());

    @AfterEach
    void close() {
        compute.close();
    }

    private Assignment sort(int slots, int experts, int... selected) {
        Tensor tensor = zeros(DType.I32, Shape.of(selected.length / slots, slots));
        tensor.setInts(selected);
        return Assignment.of(compute, tensor, experts, 0, this::zeros);
    }

    private Tensor zeros(DType dtype, Shape shape) {
        return compute.memory().zeros(Category.ACTIVATIONS, dtype, shape);
    }

    private static int[] ints(Tensor tensor) {
        int[] values = new int[Math.toIntExact(tensor.count())];
        Arrays.setAll(values, tensor::getInt);
        return values;
    }

    /** Token 0 goes to experts 2 and 0, token 1 to expert 0 alone, token 2 to experts 2 and 1. */
    @Test
    void shouldSortSlotsByExpertAndWithinOneByToken() {
        Assignment assignment = sort(2, 3, 2, 0, 0, NONE, 2, 1);
        assertThat(assignment.groups().counts()).containsExactly(2, 1, 2);
        assertThat(ints(assignment.rowOfSlot())).containsExactly(32, 0, 1, -1, 33, 16);
        int[] expected = new int[48];
        Arrays.fill(expected, -1);
        expected[0] = 1;
        expected[1] = 2;
        expected[16] = 5;
        expected[32] = 0;
        expected[33] = 4;
        assertThat(ints(assignment.slotOfRow())).containsExactly(expected);
        assertThat(assignment.tokens()).isEqualTo(3);
        assertThat(assignment.slots()).isEqualTo(2);
    }

    @Test
    void shouldSortOneToken() {
        Assignment assignment = sort(1, 4, 3);
        assertThat(assignment.groups().counts()).containsExactly(0, 0, 0, 1);
        assertThat(ints(assignment.rowOfSlot())).containsExactly(0);
    }

    @Test
    void shouldHaveNoRowsWhenNoTokenGoesAnywhere() {
        Assignment assignment = sort(2, 2, NONE, NONE, NONE, NONE);
        assertThat(assignment.groups().rows()).isZero();
        assertThat(ints(assignment.rowOfSlot())).containsExactly(-1, -1, -1, -1);
    }

    @Test
    void shouldFindEachSlotAgainInItsRow() {
        Random random = new Random(5);
        int[] selected = random.ints(300, NONE, 7).toArray();
        Assignment assignment = sort(3, 7, selected);
        int[] rowOfSlot = ints(assignment.rowOfSlot());
        int[] slotOfRow = ints(assignment.slotOfRow());
        for (int slot = 0; slot < selected.length; slot++) {
            int row = rowOfSlot[slot];
            if (selected[slot] == NONE) {
                assertThat(row).isEqualTo(-1);
            } else {
                assertThat(slotOfRow[row]).isEqualTo(slot);
                assertThat(row)
                        .isGreaterThanOrEqualTo(assignment.groups().first()[selected[slot]])
                        .isLessThan(assignment.groups().first()[selected[slot] + 1]);
            }
        }
        long filled = Arrays.stream(slotOfRow).filter(slot -> slot >= 0).count();
        assertThat(filled).isEqualTo(assignment.groups().occupied());
    }

    @Test
    void shouldRefuseAnExpertThatThereIsNot() {
        assertThatThrownBy(() -> sort(1, 4, 0, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a router has chosen expert 4, but there are experts 0 to 3");
        assertThatThrownBy(() -> sort(1, 4, -2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has chosen expert -2");
    }
}
