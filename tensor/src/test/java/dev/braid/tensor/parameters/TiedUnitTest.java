package dev.braid.tensor.parameters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.parameters.Parameter.Initialization;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A table of two rows and three columns that is used as embedding and as head. */
class TiedUnitTest {
    private final Parameters declared = new Parameters(DType.F32, 1, 0);
    private final Unit embedding = declared.unit("embedding");
    private final Weight table = declared.add(
            new ParameterSpec("embedding.weight", Shape.of(2, 3), Division.ROWS, new Initialization.Normal(0.02)));
    private final Unit output = declared.unit("output");
    private final Weight norm =
            declared.add(new ParameterSpec("norm.weight", Shape.of(3), Division.WHOLE, new Initialization.Constant(1)));
    private final Unit head = declared.tie("head", embedding);
    private final Weight again = head.weights().getFirst();

    @Test
    void shouldDeclareTheParameterOnce() {
        assertThat(declared.count()).isEqualTo(9);
        assertThat(declared.specs()).extracting(ParameterSpec::name).containsExactly("embedding.weight", "norm.weight");
        assertThat(declared.units()).containsExactly(embedding, output);
        assertThat(declared.tied()).containsExactly(head);
        assertThat(head.original()).contains(embedding);
        assertThat(embedding.tied()).contains(head);
    }

    @Test
    void shouldShareValuesAndAddTheGradientsAtTheEnd() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            WholeStore store = new WholeStore(compute, declared);
            assertThat(again.compute()).isSameAs(table.compute());

            store.beginStep(1);
            table.gradient().set(4, 10);
            again.gradient().set(4, 0.5f);
            norm.gradient().set(0, 2);
            assertThat(table.gradient().get(4)).isEqualTo(10);
            assertThat(compute.memory().live(Category.COMMUNICATION)).isPositive();

            store.finishGradients();
            assertThat(table.gradient().get(4)).isEqualTo(10.5f);
            assertThat(compute.memory().live(Category.COMMUNICATION)).isZero();
            store.finishGradients();
            assertThat(table.gradient().get(4)).isEqualTo(10.5f);

            store.beginStep(1);
            assertThat(table.gradient().get(4)).isZero();
            assertThat(again.gradient().get(4)).isZero();
        }
    }

    @Test
    void shouldHaveValuesOfItsOwnWhereItsOriginalIsNotHeld() {
        Parameters last = declared.held(List.of(output, head));

        assertThat(last.units()).containsExactly(output, head);
        assertThat(last.tied()).isEmpty();
        assertThat(last.specs()).extracting(ParameterSpec::name).containsExactly("norm.weight", "embedding.weight");
        assertThat(declared.held(List.of(embedding)).tied()).isEmpty();
        assertThat(declared.held(List.of(head, embedding)).tied()).containsExactly(head);
        try (Compute compute = new Compute(1, "auto", "test")) {
            assertThatThrownBy(() -> new WholeStore(compute, last))
                    .hasMessage(
                            "head is tied to embedding, which another rank holds: a store that exchanges gradients is"
                                    + " needed");
        }
    }
}
