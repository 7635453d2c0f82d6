package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever is in a file, reading it ends in a record or in a report of faults with their places. */
final class DamagedFileTest {
    private static final String YAML = """
            name: a
            guests: 4
            heat: 3.0e-3   # warm
            open: false
            size: very_large
            shares: [1, .5, 1e9]
            shelves: [{boards: 2}, {boards: 3, wood: "ash"}]
            courses:
              late: {type: cake, candles: 3}
              early: soup
            oven:
              light: {watts: 40}
            final: 'x: y'
            """;
    private static final String INSERTED = "\t \n:-,[]{}&*!|>'\"%@`#?<~0_.e\u0001\uD83D\u00e9";

    @Test
    void shouldReportFaultsAndNeverFailOtherwise() {
        long seed = 20_260_101;
        Random random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 3000; round++) {
            String yaml = damage(random);
            try {
                Kitchen kitchen = Kitchen.read(yaml);
                assertThat(Kitchen.read(ConfigWriter.toYaml(kitchen)))
                        .as("seed %d round %d:%n%s", seed, round, yaml)
                        .isEqualTo(kitchen);
            } catch (ConfigException e) {
                refused++;
                assertThat(e.faults())
                        .as("seed %d round %d:%n%s", seed, round, yaml)
                        .allMatch(fault -> fault.place().startsWith("k.yaml"));
            } catch (RuntimeException e) {
                fail("seed " + seed + " round " + round + ":\n" + yaml, e);
            }
        }
        assertThat(refused).as("seed %d", seed).isBetween(1000, 2999);
    }

    private static String damage(Random random) {
        StringBuilder text = new StringBuilder(YAML);
        for (int edit = random.nextInt(3); edit >= 0; edit--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(3)) {
                case 0 -> text.insert(at, INSERTED.charAt(random.nextInt(INSERTED.length())));
                case 1 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(6)));
                default -> {
                    int end = Math.min(text.length(), at + random.nextInt(20));
                    text.insert(random.nextInt(text.length()), text.substring(at, end));
                }
            }
        }
        return text.toString();
    }
}
