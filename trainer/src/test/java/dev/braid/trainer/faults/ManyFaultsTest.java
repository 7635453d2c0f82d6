package dev.braid.trainer.faults;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.trainer.ranks.RankJvm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Fifty faults in a row with the deadline that users have: {@code ./braid test --long faults}. Minutes. */
@Tag("long")
@EnabledOnOs(OS.LINUX)
class ManyFaultsTest {
    private static final int TRIALS = 50;

    @TempDir
    Path flights;

    @Test
    void shouldNameWhoIsGoneFiftyTimes() throws Exception {
        long seed = new Random().nextLong();
        List<Trial.Result> results = new ArrayList<>();
        System.out.println(Trial.Result.HEADER);
        try (FaultWorld world = new FaultWorld(RankJvm.of(FaultRank.class), CommunicationSettings.DEADLINE, flights)) {
            for (int number = 1; number <= TRIALS; number++) {
                Fault fault = Fault.values()[number % Fault.values().length];
                results.add(new Trial(world, number, fault, seed + number).run());
                System.out.println(results.getLast());
            }
        }
        for (Fault fault : Fault.values()) {
            System.out.println(Trial.Result.summary(fault, results));
        }
    }
}
