package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.mesh.Mesh;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PlanFactsTest {
    private final Plan plan = Plan.of(Shapes.small(Mesh.of(2, 2, 1), 4));

    @Test
    void shouldHaveTheSameNamesAndOrderInEveryPlan() {
        Map<String, Object> facts = PlanFacts.of(plan, OptionalLong.empty(), OptionalDouble.empty());
        assertThat(facts.keySet())
                .containsExactly(
                        "ranks",
                        "mesh",
                        "zero",
                        "parameters",
                        "active_parameters",
                        "tokens_per_step",
                        "micro_batches",
                        "recompute",
                        "held_bytes",
                        "peak_bytes",
                        "peak_bytes_recompute_none",
                        "peak_bytes_recompute_block",
                        "largest_transient",
                        "largest_transient_bytes",
                        "wire_bytes_per_step",
                        "model_flops_per_step",
                        "flops_per_rank_per_step");
        assertThat(facts).containsEntry("ranks", 4).containsEntry("parameters", plan.parameters());
        assertThat(facts.get("mesh"))
                .isEqualTo(Map.of("pipeline", 1, "replicate", 2, "shard", 2, "context", 1, "tensor", 1, "expert", 1));
        assertThat(facts.get("peak_bytes")).isEqualTo(facts.get("peak_bytes_recompute_none"));
    }

    @Test
    void shouldSayWhetherItFitsAndWhatHelps() {
        Map<String, Object> fitting = PlanFacts.of(plan, OptionalLong.of(plan.total()), OptionalDouble.of(1e12));
        assertThat(fitting)
                .containsEntry("fits", true)
                .containsEntry("changes", List.of())
                .containsEntry("changes_until_it_fits", List.of())
                .containsEntry("tokens_per_second_without_waiting", plan.tokensPerSecond(1e12));
        Map<String, Object> tooLarge = PlanFacts.of(plan, OptionalLong.of(plan.total() - 1), OptionalDouble.empty());
        assertThat(tooLarge).containsEntry("fits", false);
        Remedy first = Remedies.of(plan.input()).getFirst();
        assertThat(((List<?>) tooLarge.get("changes")).getFirst())
                .isEqualTo(Map.of(
                        "change", first.change(),
                        "ranks", first.input().mesh().ranks(),
                        "total", first.total()));
    }
}
