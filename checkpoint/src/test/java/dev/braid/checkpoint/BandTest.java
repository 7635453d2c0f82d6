package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Shape;
import org.junit.jupiter.api.Test;

class BandTest {
    @Test
    void shouldTakeTheLastExtentAsColumnsAndAllOthersAsRows() {
        assertThat(Band.all(Shape.of(7, 10))).isEqualTo(new Band(0, 10));
        assertThat(Band.all(Shape.of(3, 4, 5))).isEqualTo(new Band(0, 5));
        assertThat(new Band(2, 3).count(Shape.of(3, 4, 5))).isEqualTo(36);
    }

    @Test
    void shouldTakeAVectorAsOneRowAndAScalarAsOneElement() {
        assertThat(Band.all(Shape.of(6))).isEqualTo(new Band(0, 6));
        assertThat(new Band(2, 3).count(Shape.of(6))).isEqualTo(3);
        assertThat(Band.all(Shape.of())).isEqualTo(new Band(0, 1));
        assertThat(Band.all(Shape.of()).count(Shape.of())).isEqualTo(1);
    }

    @Test
    void shouldTellWhatIsInside() {
        assertThat(new Band(4, 6).inside(Shape.of(7, 10))).isTrue();
        assertThat(new Band(5, 6).inside(Shape.of(7, 10))).isFalse();
        assertThat(new Band(10, 0).inside(Shape.of(7, 10))).isTrue();
        assertThat(new Band(Long.MAX_VALUE, 1).inside(Shape.of(7, 10))).isFalse();
    }

    @Test
    void shouldRefuseNegativeColumns() {
        assertThatThrownBy(() -> new Band(-1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a band of 2 columns from column -1 on; both must be 0 or more");
        assertThatThrownBy(() -> new Band(0, -1)).hasMessageStartingWith("a band of -1 columns");
    }
}
