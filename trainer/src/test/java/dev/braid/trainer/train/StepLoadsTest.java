package dev.braid.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.models.LayerLoad;
import dev.braid.models.RoutedLayer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What routers did is added up over micro-batches and ranks without a rounding that depends on their order. */
class StepLoadsTest {
    private static final List<RoutedLayer> LAYERS = List.of(
            new RoutedLayer(1, 2, Optional.of("layers.1.ffn.router.bias"), 0.1, true),
            new RoutedLayer(4, 2, Optional.empty(), 0, false));

    /** Two tokens of top-1 that both take expert 0, the one surely, the other with one half. */
    private static final LayerLoad FIRST =
            new LayerLoad(new long[] {2, 0}, 0, 2, new double[] {1.5, 0.5}, Math.log(2), 0, 1);

    /** Two tokens that take an expert each; the one of expert 0 was dropped. */
    private static final LayerLoad SECOND =
            new LayerLoad(new long[] {1, 1}, 1, 2, new double[] {0.5, 1.5}, 2 * Math.log(2), 0, 4);

    @Test
    void shouldGiveTheFiguresOfTheWholeStep() {
        StepLoads loads = new StepLoads(LAYERS);
        loads.add(1, FIRST);
        loads.add(1, SECOND);
        loads.addBias(1, 0, -0.25);
        loads.addBias(1, 1, 0.25);

        RouterLoad load = StepLoads.read(LAYERS, loads.toInts()).getFirst();

        assertThat(load.counts()).containsExactly(3L, 1L);
        assertThat(load.maxOverMean()).isEqualTo(1.5);
        assertThat(load.dropRate()).isEqualTo(0.25);
        assertThat(load.entropy()).isCloseTo(0.75 * Math.log(2), within(1e-7));
        assertThat(load.zLoss()).isEqualTo(2.5);
        assertThat(load.bias()).containsExactly(-0.25, 0.25);
        // E sum f P = 2 (3/4 1/2 + 1/4 1/2): probabilities are even, so it is 1 although counts are not.
        assertThat(load.balanceLoss()).isCloseTo(1, within(1e-7));
    }

    /** Of each micro-batch alone the balance loss would be 2 (1 0.75) = 1.5 and 2 (0.5 0.25 + 0.5 0.75) = 1. */
    @Test
    void shouldHaveTheBalanceLossOfTheStepHoweverItIsCut() {
        StepLoads whole = new StepLoads(LAYERS);
        whole.add(4, new LayerLoad(new long[] {3, 1}, 1, 4, new double[] {2, 2}, 3 * Math.log(2), 0, 2.5));
        StepLoads cut = new StepLoads(LAYERS);
        cut.add(4, FIRST);
        cut.add(4, SECOND);

        assertThat(cut.toInts()).isEqualTo(whole.toInts());
    }

    @Test
    void shouldAddUpRanksInAnyOrder() {
        StepLoads one = new StepLoads(LAYERS);
        one.add(1, FIRST);
        one.addBias(1, 0, -0.5);
        StepLoads other = new StepLoads(LAYERS);
        other.add(1, SECOND);
        other.add(4, FIRST);
        int[] sum = one.toInts();
        int[] more = other.toInts();
        Arrays.setAll(sum, i -> sum[i] + more[i]);

        List<RouterLoad> loads = StepLoads.read(LAYERS, sum);

        assertThat(loads).extracting(RouterLoad::layer).containsExactly(1, 4);
        assertThat(loads.get(0).counts()).containsExactly(3L, 1L);
        assertThat(loads.get(0).bias()).containsExactly(-0.5, 0.);
        assertThat(loads.get(1).counts()).containsExactly(2L, 0L);
        assertThat(loads.get(1).maxOverMean()).isEqualTo(2);
        assertThat(loads.get(1).bias()).isEmpty();
    }
}
