package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class TilingTest {
    private static Tiling tiling(int m, int n, int k) {
        return Tiling.of(MatmulSpec.dense(m, n, k, false, true, DType.F32, DType.F32, false));
    }

    @Test
    void shouldKeepASmallProductInOneTile() {
        assertThat(tiling(80, 80, 80).tiles()).isEqualTo(1);
    }

    @Test
    void shouldCutManyTokensIntoWholeRows() {
        Tiling tiling = tiling(4096, 2816, 512);
        assertThat(tiling.tiles()).isEqualTo(16);
        assertThat(tiling.height(0)).isEqualTo(256);
        assertThat(tiling.width(0)).isEqualTo(2816);
    }

    @Test
    void shouldCutColumnsAsWellWhenThereAreFewRows() {
        Tiling tiling = tiling(512, 1408, 4096);
        assertThat(tiling.tiles()).isEqualTo(6);
        assertThat(tiling.width(2)).isEqualTo(384);
    }

    @Test
    void shouldCutASingleRowByColumns() {
        Tiling tiling = tiling(1, 8192, 512);
        assertThat(tiling.tiles()).isBetween(4, 64);
        assertThat(tiling.height(0)).isEqualTo(1);
    }

    @Test
    void shouldCoverEveryElementOnce() {
        long seed = 11;
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < 300; round++) {
            int m = 1 + random.nextInt(900);
            int n = 1 + random.nextInt(900);
            Tiling tiling = tiling(m, n, 1 + random.nextInt(900));
            int[] covered = new int[m * n];
            for (int index = 0; index < tiling.tiles(); index++) {
                for (int i = 0; i < tiling.height(index); i++) {
                    for (int j = 0; j < tiling.width(index); j++) {
                        covered[(tiling.row(index) + i) * n + tiling.column(index) + j]++;
                    }
                }
            }
            int once = 0;
            for (int count : covered) {
                once += count == 1 ? 1 : 0;
            }
            assertThat(once).as("seed %d: %s", seed, tiling).isEqualTo(m * n);
        }
    }

    @Test
    void shouldShowEverySizeOfTileAtItsCorners() {
        Tiling tiling = tiling(1000, 1100, 500);
        int last = tiling.tiles() - 1;
        assertThat(tiling.height(tiling.firstOfLastRow())).isEqualTo(tiling.height(last));
        assertThat(tiling.width(tiling.firstOfLastRow())).isEqualTo(tiling.width(0));
        assertThat(tiling.width(tiling.lastOfFirstRow())).isEqualTo(tiling.width(last));
        assertThat(tiling.height(tiling.lastOfFirstRow())).isEqualTo(tiling.height(0));
    }
}
