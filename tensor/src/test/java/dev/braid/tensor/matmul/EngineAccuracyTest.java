package dev.braid.tensor.matmul;

import dev.braid.tensor.Memory;
import dev.braid.tensor.Workers;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every engine against the product in double. */
final class EngineAccuracyTest {
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.matmul.Engines#here")
    void shouldEqualTheProductInDoubleOnRandomShapes(String engine) {
        long seed = 20_260_101;
        SplittableRandom random = new SplittableRandom(seed);
        try (Workers workers = new Workers(2, "test");
                Memory memory = new Memory();
                Matmul matmul = new Matmul(workers, memory, engine)) {
            for (int round = 0; round < 150; round++) {
                boolean deep = round % 10 == 0;
                MatmulSpec spec = MatmulCase.randomSpec(random, deep ? 40 : 90, deep ? 3000 : 300);
                MatmulCase each = new MatmulCase(memory, spec, random);
                matmul.multiply(spec, each.a, each.b, each.c);
                each.check(engine + " seed " + seed + " round " + round);
                each.release();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.matmul.Engines#here")
    void shouldEqualTheProductInDoubleForVectors(String engine) {
        long seed = 77;
        SplittableRandom random = new SplittableRandom(seed);
        try (Workers workers = new Workers(1, "test");
                Memory memory = new Memory();
                Matmul matmul = new Matmul(workers, memory, engine)) {
            for (int round = 0; round < 60; round++) {
                MatmulSpec any = MatmulCase.randomSpec(random, 50, 200);
                MatmulSpec spec = any.tile(round % 3 == 0 ? any.m() : 1, round % 3 == 1 ? any.n() : 1);
                MatmulCase each = new MatmulCase(memory, spec, random);
                matmul.multiply(spec, each.a, each.b, each.c);
                each.check(engine + " seed " + seed + " round " + round);
                each.release();
            }
        }
    }
}
