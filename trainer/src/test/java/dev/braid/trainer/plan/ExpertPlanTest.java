package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.trainer.config.Experiment;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** What a plan tells of experts that are divided over ranks. */
class ExpertPlanTest {
    private static final String YAML = """
            model:
              dim: 64
              layers: 2
              context: 128
              mixers: {attn: {type: attention, heads: 8, kv_heads: 4}}
              ffns: {moe: {type: moe, experts: 8, top_k: 2, hidden: 96}}
              pattern: [attn+moe]
            data: {sources: [{path: texts}]}
            batch: {sequences: 8}
            train: {steps: 20}
            optimizer: {type: adamw, lr: 1.0e-3}
            precision: {compute: bf16}
            """;

    private static Plan plan(String parallel) {
        Experiment experiment = Experiment.parse("moe.yaml", YAML, List.of("parallel={" + parallel + "}"));
        return Plan.of(PlanInput.of(experiment, 300, 1));
    }

    /**
     * A rank routes T = 256 tokens to K = 2 experts each, three quarters of them on other ranks: 384 rows of 64 bf16 numbers there and
     * back, in forward and in backward. With each row go two numbers of experts, two weights, and back the weights' gradients.
     */
    @Test
    void shouldCountTheRowsThatTravel() {
        long rows = 384 * 64 * 2;
        long lists = 384 * 2 * 4;
        assertThat(plan("shard: 4, expert: 4").wire().expert()).isEqualTo(2 * (4 * rows + 3 * lists));
        assertThat(plan("shard: 4").wire().expert()).isZero();
    }

    /** Two layers of 8 x 3 x 64 x 96 elements, of which a rank keeps a quarter in either way: by experts, or by elements. */
    @Test
    void shouldDivideExpertsByRanksBeforeZeroDividesTheRest() {
        double whole = plan("shard: 4, zero: 0").held().parameters();
        double divided = plan("shard: 4, zero: 0, expert: 4").held().parameters();
        long experts = 2L * 8 * 3 * 64 * 96;
        assertThat(whole - divided).isEqualTo(experts * 3 / 4 * (2 + 4));
    }

    @Test
    void shouldPrintTheGroupsAndWhatTheySend() {
        String text = PlanText.of(plan("shard: 4, expert: 2"), OptionalLong.empty(), OptionalDouble.empty());
        assertThat(text)
                .contains("(expert 2) = 4 ranks")
                .contains("exchange tokens, with different experts  0 1 | 2 3")
                .contains("expert, at most");
    }
}
