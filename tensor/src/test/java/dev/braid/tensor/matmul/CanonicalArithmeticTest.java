package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.Workers;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The bits of a product do not depend on cores, nor on which rows and columns are computed together. */
final class CanonicalArithmeticTest {
    private static final String ENGINES = "dev.braid.tensor.matmul.Engines#here";

    @ParameterizedTest
    @MethodSource(ENGINES)
    void shouldGiveTheSameBitsForAnySplitOfRowsAndColumns(String engine) {
        long seed = 4711;
        SplittableRandom random = new SplittableRandom(seed);
        try (Workers workers = new Workers(1, "test");
                Memory memory = new Memory();
                Matmul matmul = new Matmul(workers, memory, engine)) {
            for (int round = 0; round < 200; round++) {
                boolean deep = round % 4 == 0;
                MatmulSpec spec = MatmulCase.randomSpec(random, deep ? 300 : 120, deep ? 3000 : 500);
                int rows = round % 5 == 0 ? 1 : 1 + random.nextInt(spec.m());
                int columns = round % 7 == 0 ? 1 : 1 + random.nextInt(spec.n());
                compareSplit(matmul, memory, spec, rows, Math.max(columns, spec.n() / 40), random, "seed " + seed);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void shouldGiveTheSameBitsForSplitsOfTrainingShapes(String engine) {
        long seed = 99;
        SplittableRandom random = new SplittableRandom(seed);
        int[][] shapes = {
            {1024, 512, 512}, {512, 1408, 512}, {512, 512, 1408}, {512, 2048, 512}, {512, 512, 4096}, {256, 256, 8192}
        };
        try (Workers workers = new Workers(1, "test");
                Memory memory = new Memory();
                Matmul matmul = new Matmul(workers, memory, engine)) {
            for (int[] shape : shapes) {
                for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
                    boolean weightGradient = shape[2] >= 4096;
                    MatmulSpec spec = MatmulSpec.dense(
                            shape[0],
                            shape[1],
                            shape[2],
                            weightGradient,
                            random.nextBoolean(),
                            dtype,
                            weightGradient ? DType.F32 : dtype,
                            weightGradient);
                    compareSplit(matmul, memory, spec, shape[0] / 2, shape[1], random, "halves of rows");
                    compareSplit(matmul, memory, spec, shape[0], shape[1] / 4, random, "quarters of columns");
                    compareSplit(matmul, memory, spec, 100, 200, random, "odd blocks");
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void shouldGiveTheSameBitsForOneTwoAndFourCores(String engine) {
        long seed = 5;
        SplittableRandom random = new SplittableRandom(seed);
        try (Memory memory = new Memory()) {
            for (int round = 0; round < 12; round++) {
                MatmulSpec spec = MatmulCase.randomSpec(random, 700, 600);
                MatmulCase each = new MatmulCase(memory, spec, random);
                float[] first = null;
                for (int cores : new int[] {1, 2, 4}) {
                    try (Workers workers = new Workers(cores, "test");
                            Matmul matmul = new Matmul(workers, memory, engine)) {
                        each.c.setFloats(each.before);
                        matmul.multiply(spec, each.a, each.b, each.c);
                    }
                    float[] result = each.c.toFloats();
                    if (first != null) {
                        assertThat(result)
                                .as("%s, %d cores, seed %d", spec, cores, seed)
                                .isEqualTo(first);
                    }
                    first = result;
                }
                each.release();
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void shouldGiveTheSameBitsWhenSeveralRanksOfOneProcessRunAtOnce(String engine) throws Exception {
        MatmulSpec spec = MatmulSpec.dense(300, 200, 400, false, true, DType.BF16, DType.F32, false);
        List<Callable<float[]>> ranks = Collections.nCopies(3, () -> product(engine, spec));
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Future<float[]>> results = threads.invokeAll(ranks);
            float[] alone = product(engine, spec);
            for (Future<float[]> result : results) {
                assertThat(result.get()).isEqualTo(alone);
            }
        }
    }

    /** Twenty times the same product, on a rank of its own; the last result. */
    private static float[] product(String engine, MatmulSpec spec) {
        try (Workers workers = new Workers(2, "rank");
                Memory memory = new Memory();
                Matmul matmul = new Matmul(workers, memory, engine)) {
            MatmulCase each = new MatmulCase(memory, spec, new SplittableRandom(17));
            for (int i = 0; i < 20; i++) {
                matmul.multiply(spec, each.a, each.b, each.c);
            }
            return each.c.toFloats();
        }
    }

    private static void compareSplit(
            Matmul matmul,
            Memory memory,
            MatmulSpec spec,
            int rows,
            int columns,
            SplittableRandom random,
            String what) {
        MatmulCase each = new MatmulCase(memory, spec, random);
        Tensor whole = each.c;
        Tensor parts = memory.allocate(whole.category(), whole.dtype(), whole.shape());
        parts.copyFrom(whole);
        matmul.multiply(spec, each.a, each.b, whole);
        for (int row = 0; row < spec.m(); row += rows) {
            for (int column = 0; column < spec.n(); column += columns) {
                MatmulSpec tile = spec.tile(Math.min(rows, spec.m() - row), Math.min(columns, spec.n() - column));
                matmul.multiply(
                        tile,
                        each.a,
                        spec.offsetA(row),
                        each.b,
                        spec.offsetB(column),
                        parts,
                        spec.offsetC(row, column));
            }
        }
        long differing = 0;
        for (long i = 0; i < whole.count(); i++) {
            if (Float.floatToRawIntBits(whole.get(i)) != Float.floatToRawIntBits(parts.get(i))) {
                differing++;
            }
        }
        assertThat(differing)
                .as("elements that differ: %s in blocks of %d x %d, %s", spec, rows, columns, what)
                .isZero();
        each.release();
        parts.release();
    }
}
