package dev.braid.trainer.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.config.ConfigException;
import dev.braid.models.AttentionConfig;
import dev.braid.models.ModelConfig;
import dev.braid.models.RopeConfig;
import dev.braid.optimizers.ScheduleConfig;
import dev.braid.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ExperimentTest {
    private static final String YAML = """
            model:
              dim: 64
              layers: 2
              context: 128
              mixers: {attn: {type: attention, heads: 4}}
              ffns: {mlp: {type: swiglu, hidden: 176}}
              pattern: [attn+mlp]
            data: {sources: [{path: texts}]}
            batch: {sequences: 8}
            train: {steps: 20}
            optimizer: {type: adamw, lr: 1.0e-3}
            """;

    private static Experiment read(String... overrides) {
        return Experiment.parse("some/where/small.yaml", YAML, List.of(overrides));
    }

    private static List<String> faults(String... overrides) {
        try {
            Experiment read = read(overrides);
            throw new AssertionError("no fault, but " + read);
        } catch (ConfigException e) {
            return e.faults().stream().map(Object::toString).toList();
        }
    }

    @Test
    void shouldNameTheRunAfterTheFileWhenNoNameIsWritten() {
        assertThat(read().name()).isEqualTo("small");
        assertThat(read().output()).isEqualTo("runs/small");
    }

    @Test
    void shouldPutTheRunIntoAFolderOfItsName() {
        assertThat(read("name=other").output()).isEqualTo("runs/other");
        assertThat(read("name=other", "output=/tmp/x").output()).isEqualTo("/tmp/x");
    }

    @Test
    void shouldHaveTheDefaultsOfTheReference() {
        Experiment experiment = read();
        assertThat(experiment.seed()).isEqualTo(1234);
        assertThat(experiment.sequence()).isEqualTo(128);
        assertThat(experiment.microbatchSize()).isEqualTo(8);
        assertThat(experiment.schedule()).isEqualTo(new ScheduleConfig.Constant(0));
        assertThat(experiment.precision().computeType()).isEqualTo(DType.BF16);
        assertThat(experiment.checkpoint()).isEqualTo(new CheckpointConfig(Optional.of(500), 2));
        assertThat(experiment.init().from()).isEmpty();
        assertThat(experiment.engine()).isEqualTo("auto");
        assertThat(experiment.parallel().ranks()).isEqualTo(1);
        assertThat(experiment.train().recomputesBlocks()).isFalse();
        assertThat(experiment.vocabulary()).hasValue(257);
    }

    @Test
    void shouldCountTheTokensOfAStep() {
        Experiment experiment = read("batch={sequences: 12, microbatch: 4}", "data.sequence=100");
        assertThat(experiment.microbatches()).isEqualTo(3);
        assertThat(experiment.tokensPerStep()).isEqualTo(1200);
    }

    @Test
    void shouldFillInThePublishedShapeAndLetAnyKeyReplaceIt() {
        Experiment experiment = Experiment.parse("llama.yaml", """
                model: {preset: llama-3-8b, layers: 4, mixers: {attn: {heads: 16}}}
                data: {sources: [{path: texts}], tokenizer: {type: file, path: tokenizer.json}}
                batch: {sequences: 8}
                train: {steps: 20}
                optimizer: {type: adamw, lr: 1.0e-3}
                """, List.of("model.context=4096"));
        ModelConfig model = experiment.model();
        assertThat(List.of(model.dim(), model.layers(), model.context())).containsExactly(4096, 4, 4096);
        assertThat(model.mixers())
                .isEqualTo(Map.of(
                        "attn",
                        new AttentionConfig(
                                16,
                                Optional.of(8),
                                Optional.empty(),
                                Optional.of(new RopeConfig(500000)),
                                false,
                                false)));
        assertThat(experiment.vocabulary()).hasValue(128256);
        assertThat(Experiment.parse("config.yaml", experiment.toYaml(), List.of()))
                .isEqualTo(experiment);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "seed=9",
                "data.sequence=64",
                "data.tokenizer={type: file, path: \"a b/tokenizer.json\"}",
                "schedule={type: wsd, warmup: 3, decay: 5}",
                "model.mixers.attn.rope=none",
                "optimizer.clip=none",
                "checkpoint.every=none",
                "init.from=runs/other"
            })
    void shouldReadBackAnEqualExperiment(String override) {
        Experiment experiment = read(override);
        assertThat(Experiment.parse("config.yaml", experiment.toYaml(), List.of()))
                .isEqualTo(experiment);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            name=my run | -s name: 'my run' can't name a folder everywhere; allowed are up to 100 letters, digits, '.', '_' and '-', a letter or digit first; write name: my-run
            name=.. | -s name: '..' can't name a folder everywhere; allowed are up to 100 letters, digits, '.', '_' and '-', a letter or digit first
            output=' ' | -s output: is empty, must be a folder; remove the key to use runs/small
            data.sequence=129 | -s data.sequence: is 129, longer than model.context 128; shorten data.sequence or raise model.context
            model.vocab=300 | -s model.vocab: is 300, but the data has 257 tokens; write 257, or remove model.vocab
            schedule={type: cosine, warmup: 21} | -s schedule: schedule.warmup: makes warm-up and decay take 21 steps, but train.steps is 20; shorten them or train longer
            schedule={type: wsd, warmup: 10, decay: 11} | -s schedule: schedule.decay: makes warm-up and decay take 21 steps, but train.steps is 20; shorten them or train longer
            batch.sequences=0 | -s batch.sequences: is 0, must be at least 1
            batch.microbatch=5 | -s batch.microbatch: is 5, which does not divide batch.sequences 8; allowed are 1, 2, 4, 8
            batch.microbatch=0 | -s batch.microbatch: is 0, which does not divide batch.sequences 8; allowed are 1, 2, 4, 8
            train.steps=-1 | -s train.steps: is -1, must not be negative; 0 only writes the initial checkpoint
            train.trace=0 | -s train.trace: is 0, but the steps of the run are 1 to 20; name one of them, or remove it
            train.trace=21 | -s train.trace: is 21, but the steps of the run are 1 to 20; name one of them, or remove it
            train.validate_every=0 | -s train.validate_every: is 0, must be at least 1; none evaluates after the last step only
            train.recompute=all | -s train.recompute: the text 'all' is not allowed; allowed are none, block
            precision.compute=fp8 | -s precision.compute: 'fp8' is not carried out by this version; allowed are f32, bf16
            precision.compute=f16 | -s precision.compute: the text 'f16' is not allowed; allowed are f32, bf16; did you mean 'bf16'?
            checkpoint.every=0 | -s checkpoint.every: is 0, must be at least 1; none saves the last step only
            checkpoint.keep=0 | -s checkpoint.keep: is 0, must be at least 1; the newest checkpoint always stays
            init.from='' | -s init.from: is empty, must name a folder; none draws the weights from the seed
            engine=mkl | -s engine: the text 'mkl' is not allowed; allowed are auto, onednn, nd4j, vector
            parallel.context=2 | -s parallel.context: is 2, but this version has no context parallelism; write 1, or remove the key
            model.mixers.attn.heads=3 | -s model.mixers.attn.heads: is 3, which does not divide model.dim 64; set heads to one of 1, 2, 4, 8, 16, 32, 64, or give head_size
            """)
    void shouldRefuseWhatCannotBeCarriedOut(String override, String fault) {
        assertThat(faults(override)).containsExactly(fault);
    }

    @Test
    void shouldRefuseEvaluationsWithoutDocumentsToEvaluateOn() {
        assertThat(faults("data.validation=0", "train.validate_every=5"))
                .containsExactly("-s train.validate_every: is 5, but data.validation is 0: there is nothing to evaluate"
                        + " on; set data.validation to more than 0, or remove train.validate_every");
    }

    @Test
    void shouldReportTheFaultsOfAllSectionsAtOnce() {
        assertThatThrownBy(() -> Experiment.parse("small.yaml", """
                        seed: 1234
                        model:
                          dim: 96
                          layer: 2
                          context: 128
                          mixers: {attn: {type: attention, heads: 4, kvheads: 2}}
                          ffns: {mlp: {type: swiglo, hidden: 176}}
                          pattern: [attn+mlp]
                        data: {sources: [{path: texts, limit: 32 bananas}], tokenizer: {type: bpe, vocab: 4_096}}
                        batch: {sequences: 16, microbatch: 5}
                        train: {steps: 1e2}
                        optimizer: {type: adamw, lr: fast}
                        schedule: {type: wsd, warmpu: 30, decay: -6}
                        parallel: {context: 8}
                        """, List.of("precision.compute=fp8")))
                .hasMessageStartingWith("small.yaml has 12 faults:\n")
                .hasMessageContainingAll(
                        "small.yaml:3:3: model.layers: is missing; expected a whole number (Number of layers)",
                        "small.yaml:4:3: model.layer: unknown key; allowed under model are preset, dim, layers, context,",
                        "did you mean 'layers'?",
                        "small.yaml:6:46: model.mixers.attn.kvheads: unknown key; allowed under model.mixers.attn are"
                                + " type, heads, kv_heads, head_size, rope, qkv_bias, output_bias, qk_norm, scale, cap,"
                                + " window, sinks, gate; did you mean 'kv_heads'?",
                        "small.yaml:7:22: model.ffns.mlp.type: the text 'swiglo' is not allowed; allowed are geglu, moe,"
                                + " relu_squared, rwkv_channel_mix, swiglu;"
                                + " did you mean 'swiglu'?",
                        "small.yaml:9:39: data.sources.0.limit: ",
                        "small.yaml:9:83: data.tokenizer.vocab: '4_096' has an underscore",
                        "small.yaml:10:36: batch.microbatch: is 5, which does not divide batch.sequences 16;"
                                + " allowed are 1, 2, 4, 8, 16",
                        "small.yaml:11:16: train.steps: expected a whole number, got 1e2; write 100",
                        "small.yaml:12:30: optimizer.lr: expected a number, got the text 'fast'",
                        "small.yaml:13:23: schedule.warmpu: unknown key; allowed under schedule are type, warmup, decay,"
                                + " final; did you mean 'warmup'?",
                        "small.yaml:14:21: parallel.context: is 8, but this version has no context parallelism;",
                        "-s precision.compute: 'fp8' is not carried out by this version; allowed are f32, bf16");
    }

    @Test
    void shouldCheckTheVocabularyOnceTheTokenizerIsKnown() {
        Experiment experiment = read("data.tokenizer={type: file, path: t.json}", "model.vocab=1000");
        assertThat(experiment.vocabulary()).hasValue(1000);
        experiment.checkVocabulary(1000);
        assertThatThrownBy(() -> experiment.checkVocabulary(999))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("model.vocab: is 1000, but the data has 999 tokens; write 999, or remove model.vocab");
    }

    @Test
    void shouldNotKnowTheVocabularyOfATokenizerFile() {
        assertThat(read("data.tokenizer={type: file, path: t.json}").vocabulary())
                .isEmpty();
    }
}
