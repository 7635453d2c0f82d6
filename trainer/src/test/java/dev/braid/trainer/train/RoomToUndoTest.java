package dev.braid.trainer.train;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.trainer.config.Experiment;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Optimistic steps are refused where masters and moments do not fit twice. */
class RoomToUndoTest {
    /** 7 M elements a layer: twelve bytes of each are kept, 81 MiB a layer and 162 MiB a rank. */
    private static final String YAML = """
            model:
              dim: 768
              layers: 4
              context: 128
              mixers: {attn: {type: attention, heads: 12}}
              ffns: {mlp: {type: swiglu, hidden: 2048}}
              pattern: [attn+mlp]
            data: {sources: [{path: texts}], tokenizer: byte}
            batch: {sequences: 4, microbatch: 1}
            train: {steps: 20}
            optimizer: {type: adamw, lr: 1.0e-3}
            parallel: {pipeline: 2}
            """;

    private static RoomToUndo room(String pipeline) {
        Experiment experiment = Experiment.parse("small.yaml", YAML, List.of("pipeline={" + pipeline + "}"));
        PipelineLayout layout =
                PipelineLayout.of(experiment, 257, Optional.empty()).orElseThrow();
        return RoomToUndo.of(experiment, 257, layout, 1);
    }

    @Test
    void shouldSayWhatARankNeedsAndMay() {
        assertThatThrownBy(() ->
                        room("optimistic_step: true, memory_limit: 300MiB").requireWithinLimit())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageMatching(
                        "pipeline.optimistic_step: is true, but undoing a step takes 16\\d MiB more on rank [01] of"
                                + " the pipeline, \\d+ MiB in all, and pipeline.memory_limit is 300 MiB; write false, divide the"
                                + " optimizer's state over more shards, or make the pipeline longer");
    }

    @Test
    void shouldLetThroughWhatFits() {
        assertThatCode(() -> room("optimistic_step: true, memory_limit: 2GiB").requireWithinLimit())
                .doesNotThrowAnyException();
        assertThatCode(() -> room("optimistic_step: true").requireWithinLimit()).doesNotThrowAnyException();
        assertThatCode(() -> room("optimistic_step: true").requireOnHost("n1", List.of(0, 1), 4L << 30))
                .doesNotThrowAnyException();
    }

    @Test
    void shouldAddUpTheRanksOfAMachine() {
        assertThatThrownBy(() -> room("optimistic_step: true").requireOnHost("n1", List.of(0, 1), 700L << 20))
                .hasMessageMatching(
                        "pipeline.optimistic_step: is true, but undoing a step takes 32\\d MiB more on the 2 ranks of"
                                + " n1, .* in all, and the machine has 700 MiB; write false, .*");
    }
}
