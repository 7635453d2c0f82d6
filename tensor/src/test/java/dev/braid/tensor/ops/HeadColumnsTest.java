package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.HeadColumns.Place;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HeadColumnsTest {
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldCopyPartsOfHeads(DType dtype) {
        try (Fixture fixture = new Fixture("vector")) {
            // Two rows of two heads of three columns, of each of which the last two are wanted.
            Tensor source =
                    fixture.of(dtype, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12).reshape(2, 6);
            Tensor target = fixture.zeros(dtype, 2, 7);
            HeadColumns.copy(fixture.compute(), source, new Place(1, 3), target, new Place(0, 4), 2, 2);
            assertThat(target.toFloats()).containsExactly(2, 3, 0, 0, 5, 6, 0, 8, 9, 0, 0, 11, 12, 0);
        }
    }

    @Test
    void shouldGiveEveryHeadTheSameColumns() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor target = fixture.zeros(DType.F32, 1, 6);
            Tensor source = fixture.of(DType.F32, 1, 2).reshape(1, 2);
            HeadColumns.copy(fixture.compute(), source, new Place(0, 0), target, new Place(0, 2), 3, 2);
            assertThat(target.toFloats()).containsExactly(1, 2, 1, 2, 1, 2);
        }
    }

    @Test
    void shouldRefuseHeadsThatDoNotFit() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.zeros(DType.F32, 1, 6);
            Tensor y = fixture.zeros(DType.F32, 1, 6);
            assertThatThrownBy(() -> HeadColumns.copy(fixture.compute(), x, new Place(1, 3), y, new Place(0, 3), 2, 3))
                    .hasMessage("copy_heads: 2 heads of 3 columns, 3 apart from column 1, do not fit a row of 6 of the"
                            + " source");
            assertThatThrownBy(() -> HeadColumns.copy(fixture.compute(), x, new Place(0, 3), y, new Place(0, 0), 2, 3))
                    .hasMessage("copy_heads: heads of 3 columns overlap in the target, where they are 0 apart");
        }
    }
}
