package dev.braid.trainer.config;

import dev.braid.config.ConfigException;
import dev.braid.config.ConfigReader;
import dev.braid.config.ConfigWriter;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import dev.braid.data.DataConfig;
import dev.braid.models.ModelConfig;
import dev.braid.models.ModelPresets;
import dev.braid.optimizers.OptimizerConfig;
import dev.braid.optimizers.ScheduleConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Everything that a YAML file says about a run. Immutable; whoever holds one knows that its rules hold. */
public record Experiment(
        @Key(value = "Name of the run, also of its folder.", derived = "the file's name without its ending")
        String name,

        @Key(value = "Seed of the weights and of the order of the data.", byDefault = "1234")
        long seed,

        @Key(
                value =
                        "Folder of the run: config.yaml, metrics.jsonl, checkpoints/step-N, report.html, TensorBoard events.",
                derived = "runs/ and the name")
        String output,

        @Key("What the model is made of.") ModelConfig model,

        @Key("What it learns from: text as tokens, or generated sequences.")
        DataConfig data,

        @Key("How many sequences make a step.") BatchConfig batch,

        @Key("How long to train.") TrainConfig train,

        @Key("How gradients change the weights.") OptimizerConfig optimizer,

        @Key(value = "How the learning rate runs over the steps.", byDefault = "constant")
        ScheduleConfig schedule,

        @Key(value = "In which number formats to compute.", byDefault = "{}")
        PrecisionConfig precision,

        @Key(value = "The mesh of ranks.", byDefault = "{}") ParallelConfig parallel,

        @Key(value = "How pipeline stages work together.", byDefault = "{}")
        PipelineConfig pipeline,

        @Key(value = "When the run is saved.", byDefault = "{}")
        CheckpointConfig checkpoint,

        @Key(value = "What the weights are before the first step.", byDefault = "{}")
        InitConfig init,

        @Key(
                value = "Who computes the large matrix products; auto takes the fastest that works on this machine.",
                byDefault = "auto",
                allowed = {"auto", "onednn", "nd4j", "vector"})
        String engine)
        implements Validated {

    private static final Pattern FOLDER_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

    /**
     * Reads an experiment.
     *
     * @param overrides values that replace those of the file, as {@code optimizer.lr=1e-3}
     * @throws ConfigException with everything that is wrong
     */
    public static Experiment read(Path file, List<String> overrides) {
        return reader().read(file, overrides);
    }

    /**
     * Reads an experiment from text.
     *
     * @param source what messages call it; its last part is also where a missing name comes from
     * @throws ConfigException with everything that is wrong
     */
    public static Experiment parse(String source, String yaml, List<String> overrides) {
        return reader().parse(source, yaml, overrides);
    }

    private static ConfigReader<Experiment> reader() {
        return ConfigReader.of(Experiment.class)
                .withDerived(Experiment::derive)
                .withPresets((key, name) -> ModelPresets.yaml(name));
    }

    private static Map<String, String> derive(String source, Function<String, Optional<String>> written) {
        String name = written.apply("name").orElse(source.replaceFirst("\\.ya?ml$", ""));
        return Map.of("name", name, "output", "runs/" + name);
    }

    /** YAML with every value, those by default too; reading it gives an equal experiment. */
    public String toYaml() {
        return ConfigWriter.toYaml(this);
    }

    /** Tokens of a sample. */
    public int sequence() {
        return data.sequence().orElse(model.context());
    }

    /** Sequences that a rank runs at once. */
    public int microbatchSize() {
        return batch.microbatchSize(parallel.dataRanks());
    }

    /** Micro-batches that each rank runs for an optimizer step. */
    public int microbatches() {
        return batch.sequences() / parallel.dataRanks() / microbatchSize();
    }

    /** Tokens of an optimizer step. */
    public long tokensPerStep() {
        return (long) batch.sequences() * sequence();
    }

    /** Size of the vocabulary, as far as the config tells: it does not for a tokenizer that lies in a file. */
    public OptionalInt vocabulary() {
        OptionalInt told = data.vocabulary();
        return told.isPresent() ? told : model.vocab().map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    /**
     * Checks {@code model.vocab} against the tokenizer, once that is loaded.
     *
     * @throws IllegalArgumentException if they differ
     */
    public void checkVocabulary(int tokenizerSize) {
        if (model.vocab().isPresent() && model.vocab().get() != tokenizerSize) {
            throw new IllegalArgumentException(
                    "model.vocab: " + vocabularyProblem(tokenizerSize) + "; " + vocabularyFix(tokenizerSize));
        }
    }

    @Override
    public void validate(Faults faults) {
        validateNames(faults);
        if (sequence() > model.context()) {
            faults.add(
                    "data.sequence",
                    "is " + sequence() + ", longer than model.context " + model.context(),
                    "shorten data.sequence or raise model.context");
        }
        if (vocabulary().isPresent()
                && model.vocab().isPresent()
                && model.vocab().get() != vocabulary().getAsInt()) {
            int size = vocabulary().getAsInt();
            faults.add("model.vocab", vocabularyProblem(size), vocabularyFix(size));
        }
        data.validateFor(sequence(), (key, problem, fix) -> faults.add("data." + key, problem, fix));
        if (train.validateEvery().isPresent() && !data.validates()) {
            faults.add(
                    "train.validate_every",
                    "is " + train.validateEvery().get() + ", but data.validation is 0: there is nothing to evaluate on",
                    "set data.validation to more than 0, or remove train.validate_every");
        }
        new LayoutRules(this).check(faults);
        schedule.validateFor(train.steps(), (key, problem, fix) -> faults.add("schedule." + key, problem, fix));
    }

    private void validateNames(Faults faults) {
        if (!FOLDER_NAME.matcher(name).matches()) {
            String better = name.replaceAll("[^A-Za-z0-9._-]+", "-").replaceAll("^[^A-Za-z0-9]+|-+$", "");
            faults.add(
                    "name",
                    "'" + name
                            + "' can't name a folder everywhere; allowed are up to 100 letters, digits, '.', '_' and '-',"
                            + " a letter or digit first",
                    FOLDER_NAME.matcher(better).matches() ? "write name: " + better : "");
        }
        if (output.isBlank()) {
            faults.add("output", "is empty, must be a folder", "remove the key to use runs/" + name);
        }
    }

    private String vocabularyProblem(int tokenizerSize) {
        return "is " + model.vocab().orElseThrow() + ", but the data has " + tokenizerSize + " tokens";
    }

    private static String vocabularyFix(int tokenizerSize) {
        return "write " + tokenizerSize + ", or remove model.vocab";
    }
}
