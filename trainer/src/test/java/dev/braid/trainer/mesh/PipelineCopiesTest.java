package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.models.Decoder;
import dev.braid.models.StageSplit;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.trainer.Bits;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Weights that several ranks of a pipeline hold: the table that is embedding on the first and head on the last rank, and the stages
 * that two ranks hold for two directions. After every step all holders have the gradient of the run without pipeline, to the bit.
 */
class PipelineCopiesTest {
    /** By pipeline, replicate, shard and tensor ranks. */
    @ParameterizedTest(name = "{0} over {1} in {2}, ZeRO {3}, {4}")
    @CsvSource({
        "linear, 2x1x1x1, 3 2, 0, F32",
        "linear, 2x1x2x1, 3 2, 1, F32",
        "linear, 2x1x1x2, 0 5, 0, F32",
        "linear, 3x1x1x1, 2 3 0, 0, BF16",
        "v, 2x1x1x1, 1 2 1 1, 0, F32",
        "v, 2x2x1x1, 1 2 1 1, 0, F32",
        "both, 2x1x1x1, 3 2, 0, F32",
        "both, 2x1x2x1, 3 2, 1, F32",
        "both, 2x2x1x1, 3 2, 0, BF16",
        "both, 4x1x1x1, 1 1 2 1, 0, F32",
    })
    void shouldGiveEveryHolderTheGradientOfTheRunWithoutPipeline(
            String kind, String sizes, String layers, int zero, DType dtype) throws Exception {
        StagedRun run = run(kind, sizes, layers, zero, dtype);

        List<StagedRun.Outcome> whole = run.whole().run();
        List<StagedRun.Outcome> staged = run.run();

        for (int rank = 0; rank < staged.size(); rank++) {
            StagedRun.Outcome reference = whole.get(rank % whole.size());
            assertThat(staged.get(rank).values()).isNotEmpty();
            staged.get(rank)
                    .values()
                    .forEach((name, values) ->
                            assertSame(name, values, reference.values().get(name)));
        }
        assertThat(answered(staged)).isEqualTo(answered(whole));
    }

    private static void assertSame(String name, StagedRun.Values actual, StagedRun.Values expected) {
        Bits.assertSame("gradient of " + name, actual.gradient(), expected.gradient());
        Bits.assertSame("master of " + name, actual.master(), expected.master());
        Bits.assertSame("moment of " + name, actual.moment(), expected.moment());
    }

    /** Each element is counted once in norms and saved once, however many ranks hold it. */
    private static long answered(List<StagedRun.Outcome> outcomes) {
        return outcomes.stream().mapToLong(StagedRun.Outcome::answersFor).sum();
    }

    @Test
    void shouldLetTheFirstHolderOfAStageAnswerForIt() throws Exception {
        List<StagedRun.Outcome> linear =
                run("linear", "2x1x1x1", "3 2", 0, DType.F32).run();
        List<StagedRun.Outcome> both =
                run("both", "2x1x1x1", "3 2", 0, DType.F32).run();

        assertThat(linear.getLast().values()).containsKey("embedding.weight+0");
        assertThat(linear.getLast().answersFor())
                .isEqualTo(elements(linear.getLast()) - (long) LayoutRun.VOCABULARY * 64);
        // Both ranks hold everything; stage 0 is the first rank's, stage 1 the second one's.
        assertThat(both).extracting(PipelineCopiesTest::elements).containsOnly(elements(both.getFirst()));
        assertThat(both.getFirst().answersFor()).isEqualTo(linear.getFirst().answersFor());
        assertThat(both.getLast().answersFor()).isEqualTo(linear.getLast().answersFor());
    }

    private static long elements(StagedRun.Outcome outcome) {
        return outcome.values().values().stream()
                .mapToLong(values -> values.master().length)
                .sum();
    }

    @Test
    void shouldExchangeCopiesInTheMemoryOfTwoUnits() throws Exception {
        // q, k, v, output, gate, up, down, two norms of 64 and two of 8, which are laid out in 16
        long layer = 4L * (64 * 64 + 2 * 16 * 64 + 64 * 64 + 3 * 172 * 64 + 2 * 64 + 2 * 16);
        long table = 4L * LayoutRun.VOCABULARY * 64;

        for (StagedRun.Outcome rank :
                run("both", "2x1x1x1", "3 2", 0, DType.F32).run()) {
            // Two layers that come in, the head's own gradient, and less than half a layer of the fabric's; all five
            // layers and the table would be more than twice that.
            assertThat(rank.communicationPeak()).isLessThan(2 * layer + table + layer / 2);
        }
    }

    /** A checkpoint has every parameter once, however many ranks have held it, and is loaded by every rank that holds it. */
    @ParameterizedTest(name = "{0} over {1}")
    @CsvSource({"both, 2x1x1x1, 3 2", "linear, 2x1x1x1, 0 5"})
    void shouldSaveOnAPipelineAndLoadOnAnyLayout(String kind, String sizes, String layers, @TempDir Path folder)
            throws Exception {
        Map<String, StagedRun.Values> saved = new TreeMap<>();
        run(kind, sizes, layers, 0, DType.F32).save(folder).forEach(outcome -> saved.putAll(outcome.values()));
        List<StagedRun> targets = List.of(
                run("linear", "2x1x1x1", "3 2", 0, DType.F32),
                run("v", "2x1x1x1", "1 2 1 1", 0, DType.F32),
                run("both", "2x1x1x1", "2 3", 0, DType.F32),
                run("linear", "2x1x1x1", "3 2", 0, DType.F32).whole());

        for (StagedRun target : targets) {
            Set<String> loaded = new TreeSet<>();
            for (StagedRun.Outcome outcome : target.load(folder)) {
                outcome.values().forEach((name, values) -> {
                    Bits.assertSame(
                            "master of " + name,
                            values.master(),
                            saved.get(name).master());
                    Bits.assertSame(
                            "moment of " + name,
                            values.moment(),
                            saved.get(name).moment());
                });
                loaded.addAll(outcome.values().keySet());
            }
            assertThat(loaded).isEqualTo(saved.keySet());
        }
    }

    @ParameterizedTest(name = "{0}; {1}; {2}")
    @CsvSource({
        "0 1, 1 0, 2 0, 'stage 0 is on the ranks [0, 1, 2] of the pipeline; at most two may hold the same stage'",
        "0 1, 2 1, , 'stage 1 is on the ranks [1] of the pipeline for 2 directions, whose gradients add up apart; give"
                + " each direction a rank of its own'",
    })
    void shouldRefuseAStageOnThreeRanksOrOnOneInTwoDirections(String first, String second, String third, String why) {
        List<List<Integer>> directions = Stream.of(first, second, third)
                .filter(Objects::nonNull)
                .map(PipelineCopiesTest::numbers)
                .toList();
        StagedRun run = new StagedRun(mesh("3x1x1x1"), 0, new StageMap(directions), split("3 2"), DType.F32, 1);

        assertThatThrownBy(run::run).hasMessage(why);
    }

    @Test
    void shouldRefuseATiedHeadOnSomeOfTheEmbeddingsRanks() {
        StageMap map = new StageMap(List.of(List.of(0, 1), List.of(1, 2)));
        StagedRun run = new StagedRun(mesh("3x1x1x1"), 0, map, split("3 2"), DType.F32, 1);

        assertThatThrownBy(run::run)
                .hasMessageMatching("the tied units (embedding|head) and (embedding|head) are on the ranks"
                        + " \\[.*] and \\[.*] of the pipeline: they must be on the same ranks, or each on one; place"
                        + " the first and the last stage so, or set model.tie_embeddings to false");
    }

    @Test
    void shouldRefuseGroupsWhereEveryMicrobatchIsReduced() {
        ShardingSettings each = new ShardingSettings(2, DType.F32, true, false);

        assertThatThrownBy(() -> onTwoShards(each, store -> {
                    store.beginStep(2);
                    store.nextGroup();
                }))
                .hasMessageStartingWith("gradients that are reduced after every micro-batch add up in one group");
    }

    @Test
    void shouldNotEndAStepWhoseUnitsAreNotComplete() {
        assertThatThrownBy(() -> onTwoShards(ShardingSettings.ofStage(1), store -> {
                    store.beginStep(1);
                    store.finishGradients();
                }))
                .hasMessage("micro-batch 0 of 1 was the last one, and the gradients of [embedding, layers.0, layers.1,"
                        + " output] are not complete");
    }

    private static void onTwoShards(ShardingSettings settings, Consumer<ParameterStore> step) throws Exception {
        LayoutRun run = LayoutRun.of(Mesh.of(1, 2, 1), settings.stage()).with(settings);
        MeshWorld.run(run.mesh(), rank -> {
            Layout layout = run.ranks(rank).layout();
            step.accept(
                    new Decoder(LayoutRun.model(), LayoutRun.VOCABULARY, rank.compute(), DType.F32, layout).store());
            return 0;
        });
    }

    private static StagedRun run(String kind, String sizes, String layers, int zero, DType dtype) {
        Mesh mesh = mesh(sizes);
        StageMap map = switch (kind) {
            case "linear" -> StageMap.linear(mesh.pipeline());
            case "v" -> StageMap.vShaped(mesh.pipeline());
            default -> StageMap.bothWays(mesh.pipeline());
        };
        return new StagedRun(mesh, zero, map, split(layers), dtype, 1);
    }

    private static StageSplit split(String layers) {
        return StageSplit.byHand(numbers(layers));
    }

    private static List<Integer> numbers(String written) {
        return Arrays.stream(written.split(" ")).map(Integer::valueOf).toList();
    }

    private static Mesh mesh(String sizes) {
        int[] each = Arrays.stream(sizes.split("x")).mapToInt(Integer::parseInt).toArray();
        return new Mesh(each[0], each[1], each[2], 1, each[3]);
    }
}
