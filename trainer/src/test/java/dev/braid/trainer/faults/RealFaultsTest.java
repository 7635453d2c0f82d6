package dev.braid.trainer.faults;

import dev.braid.trainer.ranks.RankJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Four JVMs, and what really goes wrong on a host. {@link ManyFaultsTest} has more of the same.  */
@Timeout(240)
@EnabledOnOs(OS.LINUX)
class RealFaultsTest {
    @TempDir
    Path flights;

    @Test
    void shouldNameWhoIsGoneAndGoOnWithTheNextAttempt() throws Exception {
        long seed = new Random().nextLong();
        System.out.println(Trial.Result.HEADER);
        try (FaultWorld world = new FaultWorld(RankJvm.of(FaultRank.class), Duration.ofSeconds(5), flights)) {
            int number = 0;
            for (Fault fault : Fault.values()) {
                System.out.println(new Trial(world, ++number, fault, seed + number).run());
            }
        }
    }
}
