package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

    /**
     * The same on two hosts of two ranks. Of the slots a half, 256, are on the other host; at most 256 tokens go there, once each for both
     * its ranks, and 256 slots come back. Before a token's row go numbers of experts for either rank, and a number that tells which of
     * them it is for; behind the slots the weights' gradients.
     */
    @Test
    void shouldCountATokenOnceForAHost() {
        PlanInput input =
                PlanInput.of(Experiment.parse("moe.yaml", YAML, List.of("parallel={shard: 4, expert: 4}")), 300, 1);
        long rows = 256 * 64 * 2;
        long lists = 256 * 2 * 4;
        assertThat(Plan.of(input.onHostsOf(2)).wire().expertAcross()).isEqualTo(2 * (4 * rows + 3 * lists + 256 * 4));
        assertThat(Plan.of(input).wire().expertAcross()).isZero();
        assertThat(Plan.of(input.onHostsOf(4)).wire()).isEqualTo(Plan.of(input).wire());
        assertThat(Plan.of(input.onHostsOf(1)).wire().expertAcross())
                .isEqualTo(Plan.of(input).wire().expert());
    }

    /** With four experts a token 512 slots are on the other host, but there are 256 tokens: half the rows that would go to ranks. */
    @Test
    void shouldCountNoMoreRowsToAHostThanThereAreTokens() {
        Experiment experiment =
                Experiment.parse("moe.yaml", YAML, List.of("parallel={shard: 4, expert: 4}", "model.ffns.moe.top_k=4"));
        PlanInput input = PlanInput.of(experiment, 300, 1);
        double saved = Plan.of(input.onHostsOf(1)).wire().expertAcross() * 2 / 3
                - Plan.of(input.onHostsOf(2)).wire().expertAcross();
        long row = 64 * 2;
        assertThat(saved).isEqualTo(2 * (2 * 256 * row - 256 * 4));
    }

    @Test
    void shouldRefuseHostsThatCutExpertGroupsUnevenly() {
        PlanInput input =
                PlanInput.of(Experiment.parse("moe.yaml", YAML, List.of("parallel={shard: 4, expert: 4}")), 300, 1);
        assertThatThrownBy(() -> input.onHostsOf(3))
                .hasMessage("3 ranks a host divide the expert groups of replicate 1 x shard 4 x tensor 1 (expert 4)"
                        + " unevenly: each is among 4 neighbouring ranks; give a multiple of 4 or a divisor of it");
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
                .contains("expert, at most")
                .doesNotContain("other hosts");
        PlanInput input =
                PlanInput.of(Experiment.parse("moe.yaml", YAML, List.of("parallel={shard: 4, expert: 2}")), 300, 1);
        assertThat(PlanText.of(Plan.of(input.onHostsOf(1)), OptionalLong.empty(), OptionalDouble.empty()))
                .contains("of these to other hosts");
    }
}
