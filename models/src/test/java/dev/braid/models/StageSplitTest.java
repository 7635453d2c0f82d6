package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StageSplitTest {
    @Test
    void shouldTakeLayersFromTheStageThatHasTheHead() {
        // Eight equal layers and a head as dear as three of them: 11 over 4 stages is 3 at best.
        LayerCosts costs = new LayerCosts(0, Collections.nCopies(8, 1.0), 3);

        StageSplit split = StageSplit.byCost(costs, 4);

        assertThat(layers(split)).containsExactly(2, 3, 3, 0);
        assertThat(split.stages().stream().map(costs::of)).containsExactly(2.0, 3.0, 3.0, 3.0);
        assertThat(split.stages())
                .extracting(Stage::toString)
                .containsExactly("embedding, layers 0-1", "layers 2-4", "layers 5-7", "head");
    }

    @Test
    void shouldKeepTheCheaperStagesAlikeToo() {
        // The dear layer is a stage of its own at best; the five others are divided 2 and 3, and not 1 and 4.
        LayerCosts costs = new LayerCosts(0, List.of(1.0, 1.0, 1.0, 1.0, 1.0, 9.0), 0);

        assertThat(layers(StageSplit.byCost(costs, 3))).containsExactly(2, 3, 1);
    }

    @Test
    void shouldGiveEarlyStagesFewerLayersWhereItDoesNotMatter() {
        LayerCosts costs = new LayerCosts(0, Collections.nCopies(7, 1.0), 0);

        assertThat(layers(StageSplit.byCost(costs, 4))).containsExactly(1, 2, 2, 2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldFindTheBestOfAllSplits(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Double> each = random.ints(7, 1, 20).mapToObj(Double::valueOf).toList();
        LayerCosts costs = new LayerCosts(random.nextInt(5), each, random.nextInt(30));
        for (int stages = 1; stages <= StageSplit.most(7); stages++) {
            List<StageSplit> all = new ArrayList<>();
            collect(7, stages, new ArrayList<>(), all);
            double best = all.stream()
                    .mapToDouble(split -> largest(costs, split))
                    .min()
                    .orElseThrow();
            double even = all.stream()
                    .filter(split -> largest(costs, split) == best)
                    .mapToDouble(split -> squares(costs, split))
                    .min()
                    .orElseThrow();

            StageSplit found = StageSplit.byCost(costs, stages);

            assertThat(largest(costs, found))
                    .as("seed %d, %d stages", seed, stages)
                    .isEqualTo(best);
            assertThat(squares(costs, found))
                    .as("seed %d, %d stages", seed, stages)
                    .isEqualTo(even);
        }
    }

    /** Every list of layer counts in which only the first and the last stage may have none. */
    private static void collect(int left, int stages, List<Integer> counts, List<StageSplit> all) {
        if (stages == 1) {
            List<Integer> whole = new ArrayList<>(counts);
            whole.add(left);
            all.add(StageSplit.byHand(whole));
            return;
        }
        for (int count = counts.isEmpty() ? 0 : 1; count <= left; count++) {
            counts.addLast(count);
            collect(left - count, stages - 1, counts, all);
            counts.removeLast();
        }
    }

    private static double largest(LayerCosts costs, StageSplit split) {
        return split.stages().stream().mapToDouble(costs::of).max().orElseThrow();
    }

    private static double squares(LayerCosts costs, StageSplit split) {
        return split.stages().stream()
                .mapToDouble(costs::of)
                .map(cost -> cost * cost)
                .sum();
    }

    @Test
    void shouldCutIntoTwoMoreStagesThanLayersAtMost() {
        LayerCosts costs = new LayerCosts(1, List.of(1.0, 1.0), 1);

        assertThat(layers(StageSplit.byCost(costs, 4))).containsExactly(0, 1, 1, 0);
        assertThatThrownBy(() -> StageSplit.byCost(costs, 5))
                .hasMessageStartingWith("2 layers can't be cut into 5 stages: allowed are 1 to 4");
    }

    @Test
    void shouldCountTheHeadByItsProducts() {
        AttentionConfig attention =
                new AttentionConfig(4, Optional.of(2), Optional.empty(), Optional.empty(), false, false);
        ModelConfig config = new ModelConfig(
                32,
                2,
                13,
                true,
                Map.of("attn", attention),
                Map.of("mlp", new SwiGluConfig(40)),
                List.of("attn+mlp"),
                Optional.empty(),
                1e-5,
                0.2);

        LayerCosts costs = new Architecture(config, 29, DType.F32, 1, 0).costs(13);

        // q and output 32x32, k and v 16x32, gate, up and down 40x32; 4 heads of 8 see 7 keys on average
        double layer = 6.0 * (2 * 1024 + 2 * 512 + 3 * 1280) + 3 * 4 * 32 * 7;
        assertThat(costs).isEqualTo(new LayerCosts(32, List.of(layer, layer), 6.0 * 29 * 32));
    }

    @Test
    void shouldNameEveryFaultOfAListWrittenByHand() {
        List<String> faults = new ArrayList<>();

        StageSplit.validate(
                List.of(3, 0, -1, 4), 8, 3, (key, problem, fix) -> faults.add(key + " " + problem + "; " + fix));

        assertThat(faults)
                .containsExactly(
                        "pipeline.layers has 4 numbers, but the pipeline has 3 stages; write one number of layers for"
                                + " each stage, or auto",
                        "pipeline.layers adds up to 6 layers, but model.layers is 8; raise or lower some of the numbers"
                                + " by 2 in all",
                        "pipeline.layers.1 is 0: a stage between the first and the last has neither embedding nor head"
                                + " and would only pass on what it gets; give it a layer, or use fewer stages",
                        "pipeline.layers.2 is -1, must be at least 1; ");
    }

    @ParameterizedTest
    @CsvSource({"3 4, 7, 2", "0 7, 7, 2", "7, 7, 1", "0 3 4 0, 7, 4"})
    void shouldAcceptAListWhoseEndsMayBeEmpty(String written, int layers, int stages) {
        List<Integer> counts =
                Arrays.stream(written.split(" ")).map(Integer::valueOf).toList();
        List<String> faults = new ArrayList<>();

        StageSplit.validate(counts, layers, stages, (key, problem, fix) -> faults.add(problem));

        assertThat(faults).isEmpty();
        assertThat(layers(StageSplit.byHand(counts))).isEqualTo(counts);
    }

    private static List<Integer> layers(StageSplit split) {
        return split.stages().stream().map(Stage::layers).toList();
    }
}
