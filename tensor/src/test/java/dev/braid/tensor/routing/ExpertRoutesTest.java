package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Four experts on two ranks: 0 and 1 on the first one, 2 and 3 on the second. */
class ExpertRoutesTest {
    private final Compute compute = new Compute(1, "vector", "test");

    @AfterEach
    void close() {
        compute.close();
    }

    private ExpertRoutes routes(int... selected) {
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, DType.I32, Shape.of(selected.length / 2, 2));
        tensor.setInts(selected);
        return ExpertRoutes.of(
                compute,
                tensor,
                4,
                2,
                0,
                (dtype, shape) -> compute.memory().allocate(Category.ACTIVATIONS, dtype, shape));
    }

    private static int[] ints(Tensor tensor) {
        return IntStream.range(0, Math.toIntExact(tensor.count()))
                .map(tensor::getInt)
                .toArray();
    }

    /** Token 0 has both its experts on the first rank, token 1 one on each, token 2 a single one. */
    @Test
    void shouldSendATokenOnceToARankWithAListOfItsExpertsThere() {
        ExpertRoutes routes = routes(0, 1, 3, 0, 2, Selection.NONE);
        assertThat(routes.rows()).containsExactly(2, 2);
        assertThat(ints(routes.tokenOfRow())).containsExactly(0, 1, 1, 2);
        assertThat(ints(routes.chosen())).containsExactly(0, 1, 0, -1, 1, -1, 0, -1);
        assertThat(ints(routes.placeOfSlot())).containsExactly(0, 1, 4, 2, 6, -1);
    }

    /** Slots 0, 1 and 3 are on the first rank, 2 and 4 on the second. */
    @Test
    void shouldGetEverySlotBackByItself() {
        ExpertRoutes routes = routes(0, 1, 3, 0, 2, Selection.NONE);
        assertThat(routes.slots()).containsExactly(3, 2);
        assertThat(ints(routes.returns().slotOfRow())).containsExactly(0, 1, 3, 2, 4);
        assertThat(ints(routes.returns().rowOfSlot())).containsExactly(0, 1, 3, 2, 4, -1);
    }

    @Test
    void shouldSendNothingToARankThatNobodyChooses() {
        ExpertRoutes routes = routes(2, 3, 3, 2);
        assertThat(routes.rows()).containsExactly(0, 2);
        assertThat(routes.slots()).containsExactly(0, 4);
    }

    @Test
    void shouldRefuseAnExpertThatThereIsNot() {
        assertThatThrownBy(() -> routes(0, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a router has chosen expert 4, but there are experts 0 to 3");
    }
}
