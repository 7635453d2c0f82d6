package dev.braid.parallelism.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.TensorAxis;
import org.junit.jupiter.api.Test;

class GroupTensorAxisTest {
    /** Five rows of one column over three ranks: 2, 2 and 1. */
    @Test
    void shouldGatherRowsInTheOrderOfRanks() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 3)) {
            world.each(rank -> {
                TensorAxis axis = new GroupTensorAxis(rank.world(), new ExposedTime());
                Tensor mine = (switch (rank.rank()) {
                            case 0 -> rank.floats(1, 2);
                            case 1 -> rank.floats(3, 4);
                            default -> rank.floats(5);
                        })
                        .reshape(axis.share(5), 1);
                Tensor all = rank.floats(0, 0, 0, 0, 0).reshape(5, 1);
                axis.gatherRows(mine, all).await();
                assertThat(all.toFloats()).containsExactly(1, 2, 3, 4, 5);
            });
        }
    }

    /** (1e8 + 1) - 1e8 is 0 in f32; any other order gives 1. */
    @Test
    void shouldAddInTheOrderOfRanks() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 3)) {
            world.each(rank -> {
                TensorAxis axis = new GroupTensorAxis(rank.world(), new ExposedTime());
                float mine = new float[] {1e8f, 1, -1e8f}[rank.rank()];
                Tensor sum = rank.floats(9);
                axis.reduceScatterRows(rank.floats(mine, mine, mine).reshape(3, 1), sum.reshape(1, 1))
                        .await();
                assertThat(sum.get(0)).isZero();
                Tensor everywhere = rank.floats(mine);
                axis.allReduce(everywhere).await();
                assertThat(everywhere.get(0)).isZero();
            });
        }
    }

    @Test
    void shouldGiveTheFirstRanksOneRowMore() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 3)) {
            world.each(rank -> {
                TensorAxis axis = new GroupTensorAxis(rank.world(), new ExposedTime());
                assertThat(axis.shares(7)).containsExactly(3, 2, 2);
                assertThat(axis.shares(2)).containsExactly(1, 1, 0);
                assertThat(axis.share(2)).isEqualTo(rank.rank() < 2 ? 1 : 0);
            });
        }
    }
}
