package dev.braid.trainer.mesh;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Twenty steps on many layouts against those of one rank: the order of sums is all that differs. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayoutsTest {
    private LayoutRun.Outcome alone;

    @BeforeAll
    void trainAlone() {
        alone = LayoutRun.of(Mesh.SINGLE, 0).alone();
    }

    /** replicate x shard x tensor */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "1x1x2", "1x1x4", "2x1x1", "1x2x2", "2x1x2", "2x2x2", "1x3x2", "2x2x1", "1x2x4", "2x1x4", "2x3x1",
                "1x3x1"
            })
    void shouldTrainAsOneRank(String layout) throws Exception {
        String[] sizes = layout.split("x");
        train(Mesh.of(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), Integer.parseInt(sizes[2])), 3);
    }

    @Test
    void shouldTrainInBf16AsOneRank() throws Exception {
        LayoutRun.Outcome narrow = LayoutRun.of(Mesh.SINGLE, 0).in(DType.BF16).alone();
        LayoutRun.Outcome divided =
                LayoutRun.of(Mesh.of(1, 2, 2), 3).in(DType.BF16).run();
        ShardingTest.assertNear(divided, narrow, 0.01);
    }

    private void train(Mesh mesh, int stage) throws Exception {
        ShardingTest.assertClose(LayoutRun.of(mesh, stage).run(), alone);
    }

    static List<Mesh> all() {
        List<Mesh> meshes = new ArrayList<>();
        for (int replicate : new int[] {1, 2}) {
            for (int shard : new int[] {1, 2, 3}) {
                for (int tensor : new int[] {1, 2, 4}) {
                    if (replicate * shard * tensor <= 8) {
                        meshes.add(Mesh.of(replicate, shard, tensor));
                    }
                }
            }
        }
        return meshes;
    }

    /** Every layout of up to eight ranks, at every stage. */
    @Tag("long")
    @ParameterizedTest
    @MethodSource("all")
    void shouldTrainAsOneRankOnEveryLayout(Mesh mesh) throws Exception {
        for (int stage = 0; stage <= (mesh.shard() > 1 ? 3 : 0); stage++) {
            train(mesh, stage);
        }
    }
}
