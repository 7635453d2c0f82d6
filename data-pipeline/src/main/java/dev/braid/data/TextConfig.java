package dev.braid.data;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Text from files, cut into tokens. */
@Choice(value = "text", byDefault = true)
public record TextConfig(
        @Key("Where the text comes from; at least one") List<SourceConfig> sources,

        @Key(
                value =
                        "How text becomes tokens: byte (no training), bpe (trained on the sources) or file (an existing tokenizer.json)",
                byDefault = "byte")
        TokenizerConfig tokenizer,

        @Key(value = "Tokens a sample", derived = "model.context")
        Optional<Integer> sequence,

        @Key(
                value = "Fraction of the documents kept for validation, chosen by a hash of their text; 0 keeps none",
                byDefault = "0.005")
        double validation)
        implements DataConfig, Validated {
    private static final double MOST_VALIDATION = 0.5;

    public TextConfig {
        sources = List.copyOf(sources);
    }

    @Override
    public void validate(Faults faults) {
        if (sources.isEmpty()) {
            faults.add("sources", "no source is given; at least one is needed", "write sources: [{path: jdk-source}]");
        }
        if (!(validation >= 0 && validation <= MOST_VALIDATION)) {
            faults.add(
                    "validation",
                    validation + " is not a fraction; allowed are 0 to 0.5",
                    "write 0.005 for half a percent");
        }
        if (sequence.isPresent() && sequence.get() < 1) {
            faults.add(
                    "sequence",
                    sequence.get() + " tokens a sample; at least 1 is needed",
                    "leave it out to use model.context");
        }
    }

    @Override
    public OptionalInt vocabulary() {
        return tokenizer.vocabulary();
    }

    @Override
    public boolean validates() {
        return validation > 0;
    }

    @Override
    public void validateFor(int tokens, Faults faults) {
        // How much text there is, is known when it has been read.
    }

    /** The weights of the sources, in their order. */
    public List<Double> weights() {
        return sources.stream().map(SourceConfig::weight).toList();
    }
}
