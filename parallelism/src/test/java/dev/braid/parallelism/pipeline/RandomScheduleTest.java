package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.Wires;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The executor takes any order that can be run, not only those that make sense. A failure names its seed. */
class RandomScheduleTest {
    static LongStream seeds() {
        return LongStream.range(0, 60);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldGiveTheBitsOfOneRank(long seed) throws Exception {
        Wires wires = seed % 2 == 0 ? Wires.IN_PLACE : Wires.FRAMES;
        int rows = seed % 3 == 0 ? 300 : ToyModel.ROWS;
        OneRank.expectItsBits(wires, RandomSchedule.of(seed), rows, seed % 4 < 2);
    }
}
