package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.parallelism.sharding.ZeroPlusPlus;
import dev.braid.tensor.DType;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the savings of ZeRO++ do to losses, on hosts that are names only. */
class ZeroPlusPlusTest {
    private static LayoutRun run(Mesh mesh, DType dtype, String... hosts) {
        return LayoutRun.of(mesh, 3).in(dtype).onHosts(hosts);
    }

    private static LayoutRun twoHostsOfTwo(DType dtype) {
        return run(Mesh.of(1, 4, 1), dtype, "a", "a", "b", "b");
    }

    private static ShardingSettings with(ZeroPlusPlus first, ZeroPlusPlus... more) {
        return ShardingSettings.ofStage(3).with(EnumSet.of(first, more));
    }

    /** The largest relative difference of a loss in 20 steps, in which the loss falls from 5.7 to 2.6. */
    private static double cost(LayoutRun.Outcome saving, LayoutRun.Outcome plain) {
        double most = 0;
        for (int step = 0; step < plain.losses().size(); step++) {
            most = Math.max(
                    most, Math.abs(saving.losses().get(step) / plain.losses().get(step) - 1));
        }
        return most;
    }

    /** Measured: f32 0.0007, 0.0079, 0.0084; bf16 0.0005, 0.0082, 0.0086. */
    @ParameterizedTest
    @CsvSource({"F32", "BF16"})
    void shouldCostLittleLoss(DType dtype) throws Exception {
        LayoutRun run = twoHostsOfTwo(dtype);
        LayoutRun.Outcome plain = run.run();
        assertThat(cost(run.with(with(ZeroPlusPlus.QWZ)).run(), plain)).isBetween(1e-6, 0.0014);
        assertThat(cost(run.with(with(ZeroPlusPlus.QGZ)).run(), plain)).isBetween(1e-5, 0.016);
        LayoutRun all = run.with(with(ZeroPlusPlus.QWZ, ZeroPlusPlus.HPZ, ZeroPlusPlus.QGZ));
        LayoutRun.Outcome together = all.run();
        assertThat(cost(together, plain)).isBetween(1e-5, 0.017);
        assertThat(together.validation()).isCloseTo(plain.validation(), within(0.017 * plain.validation()));
        ShardingTest.assertSame("once more", all.run(), together);
    }

    @Test
    void shouldNotChangeABitByCopiesOnHosts() throws Exception {
        LayoutRun run = twoHostsOfTwo(DType.BF16).withMicrobatch(1);
        LayoutRun.Outcome plain = run.run();
        LayoutRun.Outcome copies = run.with(with(ZeroPlusPlus.HPZ)).run();
        ShardingTest.assertSame("copies", copies, plain);
        // Also where a rank is alone on its host, and holds the whole copy.
        LayoutRun uneven = run(Mesh.of(1, 3, 1), DType.F32, "a", "b", "a");
        ShardingTest.assertSame("uneven", uneven.with(with(ZeroPlusPlus.HPZ)).run(), uneven.run());
    }

    /** Blocks of quantised parameters do not depend on where shards are cut, but sums of gradients on the number of ranks. */
    @Test
    void shouldComputeWithTheSameQuantisedParametersOnEveryLayout() throws Exception {
        ShardingSettings quantized = with(ZeroPlusPlus.QWZ);
        LayoutRun.Outcome two =
                LayoutRun.of(Mesh.of(1, 2, 1), 3).with(quantized).run();
        LayoutRun.Outcome three =
                LayoutRun.of(Mesh.of(1, 3, 1), 3).with(quantized).run();
        double loss = two.losses().getFirst();
        assertThat(three.losses().getFirst()).isCloseTo(loss, within(1e-7 * loss));
    }

    @ParameterizedTest
    @CsvSource({"a a a, 1", "a b a, 1", "a b c, 1", "a a b b, 2"})
    void shouldReduceQuantisedGradientsOnAnyHostsAndReplicas(String hosts, int replicate) throws Exception {
        String[] names = hosts.split(" ");
        LayoutRun run = run(Mesh.of(replicate, names.length / replicate, 1), DType.F32, names);
        LayoutRun.Outcome quantized = run.with(with(ZeroPlusPlus.QGZ)).run();
        assertThat(cost(quantized, run.run())).isBetween(1e-5, 0.016);
    }

    @Test
    void shouldAddUpQuantisedGradientsOfManyMicrobatches() throws Exception {
        LayoutRun run = twoHostsOfTwo(DType.F32).withMicrobatch(1);
        Set<ZeroPlusPlus> all = EnumSet.allOf(ZeroPlusPlus.class);
        ShardingSettings sharded = new ShardingSettings(3, DType.F32, true, false, all);
        LayoutRun.Outcome plain = run.run();
        assertThat(cost(run.with(sharded).run(), plain)).isBetween(1e-5, 0.016);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            h h h h | as every shard group of 4 ranks is inside one host, where all gathers stay anyway; remove hpz
            a b c d | as every rank of a shard group is alone on its host, with nobody to share a copy with; give each host several ranks of a shard group, or remove hpz
            """)
    void shouldRefuseCopiesThatSaveNothing(String hosts, String why) {
        LayoutRun run = run(Mesh.of(1, 4, 1), DType.F32, hosts.split(" ")).with(with(ZeroPlusPlus.HPZ));
        assertThatThrownBy(run::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parallel.zeropp: hpz would do nothing, " + why);
    }

    @ParameterizedTest
    @CsvSource({"a a a a, 2", "a a a a b b b b, 2"})
    void shouldSaveBesideTensorRanks(String hosts, int tensor) throws Exception {
        String[] names = hosts.split(" ");
        LayoutRun run = run(Mesh.of(1, names.length / tensor, tensor), DType.F32, names);
        LayoutRun.Outcome saving =
                run.with(with(ZeroPlusPlus.QWZ, ZeroPlusPlus.QGZ)).run();
        assertThat(cost(saving, run.run())).isBetween(1e-5, 0.017);
    }
}
