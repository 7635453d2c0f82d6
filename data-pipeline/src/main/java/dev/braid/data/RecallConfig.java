package dev.braid.data;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.Optional;
import java.util.OptionalInt;

/** Generated sequences of multi-query associative recall, see {@link RecallSamples}. */
@Choice("recall")
public record RecallConfig(
        @Key("Pairs of a key and its value that a sequence tells, and then asks for")
        int pairs,

        @Key(
                value =
                        "Fewest pairs of a sequence to train on: each has a number of them drawn evenly from here to pairs, so that"
                                + " the task is learned on easy ones first; sequences for validation always have pairs",
                derived = "pairs")
        Optional<Integer> fewest,

        @Key(
                value =
                        "Number of token ids: 0 is blank, the others below half of it are keys, those from half of it are values",
                byDefault = "8192")
        int vocab,

        @Key(value = "Tokens a sample", derived = "model.context")
        Optional<Integer> sequence,

        @Key(
                value =
                        "Power law of the distance between the pairs and a query: place n of those that follow the pairs is asked with"
                                + " weight n^(gap_power - 1); 1 makes all places equal, 0.01 most queries early",
                byDefault = "0.01")
        double gapPower,

        @Key(
                value = "What stands where no query does: the blank token, or random tokens to be told from queries.",
                byDefault = "blank",
                allowed = {"blank", "random"})
        String between,

        @Key(value = "Sequences for validation, the same in every run with this seed; 0 keeps none", byDefault = "512")
        int validation,

        @Key(
                value =
                        "Seed of the sequences; those to train on depend on the run's seed too, those for validation do not",
                byDefault = "1")
        long seed)
        implements DataConfig, Validated {
    /** Tokens of a sequence that a pair takes: two to tell it, two to ask for it. */
    private static final int TOKENS_A_PAIR = 4;

    private static final int MOST_TOKENS = 1_000_000;

    /** Fewest pairs of a training sequence. */
    int fewestPairs() {
        return fewest.orElse(pairs);
    }

    /** Number of tokens that are keys, from 1. */
    int keys() {
        return vocab / 2 - 1;
    }

    /** The first token that is a value. */
    int firstValue() {
        return vocab / 2;
    }

    /** Number of tokens that are values. */
    int values() {
        return vocab - firstValue();
    }

    boolean fillsAtRandom() {
        return between.equals("random");
    }

    @Override
    public OptionalInt vocabulary() {
        return OptionalInt.of(vocab);
    }

    @Override
    public boolean validates() {
        return validation > 0;
    }

    @Override
    public void validate(Faults faults) {
        if (pairs < 1) {
            faults.add("pairs", pairs + " pairs; at least 1 is needed", "write pairs: 8");
        } else if (keys() < pairs) {
            faults.add(
                    "vocab",
                    vocab + " tokens have " + Math.max(0, keys())
                            + " keys (the ids from 1 and below half of the vocabulary), but each of the " + pairs
                            + " pairs needs a key of its own",
                    "write " + 2 * (pairs + 1L) + " or more, or make pairs smaller");
        }
        if (fewest.isPresent() && (fewest.get() < 1 || fewest.get() > pairs)) {
            faults.add(
                    "fewest",
                    "is " + fewest.get() + ", must be 1 to pairs, which is " + pairs,
                    "leave it out to have " + pairs + " pairs in every sequence");
        }
        if (vocab > MOST_TOKENS) {
            faults.add("vocab", vocab + " is out of range; allowed are up to " + MOST_TOKENS, "write vocab: 8192");
        }
        if (sequence.isPresent() && sequence.get() < 1) {
            faults.add(
                    "sequence",
                    sequence.get() + " tokens a sample; at least " + TOKENS_A_PAIR + " are needed",
                    "leave it out to use model.context");
        }
        if (!(gapPower > 0 && gapPower <= 1)) {
            faults.add(
                    "gap_power",
                    gapPower + " is no such power; allowed is more than 0, up to 1",
                    "write 0.01 for most queries early, 1 for queries anywhere");
        }
        if (validation < 0) {
            faults.add("validation", validation + " sequences; must not be negative", "0 keeps none for validation");
        }
    }

    @Override
    public void validateFor(int tokens, Faults faults) {
        if (tokens >= 1 && pairs > tokens / TOKENS_A_PAIR) {
            faults.add(
                    "pairs",
                    pairs + " pairs don't fit a sequence of " + tokens + " tokens: each takes " + TOKENS_A_PAIR
                            + ", two to tell it and two to ask for it",
                    fix(tokens));
        }
    }

    private String fix(int tokens) {
        String longer = "make sequences of " + (long) TOKENS_A_PAIR * pairs + " tokens";
        return tokens < TOKENS_A_PAIR ? longer : "write at most " + tokens / TOKENS_A_PAIR + ", or " + longer;
    }
}
