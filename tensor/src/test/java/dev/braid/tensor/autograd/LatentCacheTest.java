package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Test;

class LatentCacheTest {
    @Test
    void shouldKeepTokensInTheirOrderUntilItIsFull() {
        try (Compute compute = new Compute(1, "vector", "test");
                LatentCache cache = new LatentCache(compute.memory(), DType.F32, 2, 3)) {
            cache.append(compute, rows(compute, 1, 2));
            cache.append(compute, rows(compute, 3, 4, 5, 6));
            assertThat(cache.rows()).isEqualTo(3);
            assertThat(cache.filled().toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
            assertThatThrownBy(() -> cache.append(compute, rows(compute, 7, 8)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the cache has 3 rows and room for 3, not for 1 more; make it for a longer sequence");
        }
    }

    private static Tensor rows(Compute compute, float... values) {
        Tensor rows = compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(values.length / 2, 2));
        rows.setFloats(values);
        return rows;
    }
}
