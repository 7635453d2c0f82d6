package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.Optional;

/** How many sequences make a step, and how many of them run at once. */
public record BatchConfig(
        @Key("Sequences of an optimizer step, over all ranks.")
        int sequences,

        @Key(
                value =
                        "Sequences that a rank runs at once, a divisor of its part of sequences; gradients add up over the"
                                + " micro-batches.",
                derived = "batch.sequences / data ranks (parallel.replicate x parallel.shard)")
        Optional<Integer> microbatch)
        implements Validated {

    /** Sequences that a rank runs at once when {@code dataRanks} share those of a step. */
    int microbatchSize(int dataRanks) {
        return microbatch.orElse(Math.max(1, sequences / dataRanks));
    }

    @Override
    public void validate(Faults faults) {
        if (sequences < 1) {
            faults.add("sequences", "is " + sequences + ", must be at least 1", "");
        } else if (microbatch.isPresent() && (microbatch.get() < 1 || sequences % microbatch.get() != 0)) {
            faults.add(
                    "microbatch",
                    "is " + microbatch.get() + ", which does not divide batch.sequences " + sequences,
                    "allowed are " + divisors(sequences));
        }
    }

    private static String divisors(int number) {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i <= Math.min(number, 1024); i++) {
            if (number % i == 0) {
                text.append(text.isEmpty() ? "" : ", ").append(i);
            }
        }
        return text.toString();
    }
}
