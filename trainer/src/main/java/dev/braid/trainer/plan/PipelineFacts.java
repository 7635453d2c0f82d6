package dev.braid.trainer.plan;

import dev.braid.models.Stage;
import dev.braid.parallelism.mesh.Axis;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** A plan of a pipeline for programs, with names that stay. Bytes are whole numbers. */
public final class PipelineFacts {
    private PipelineFacts() {}

    /**
     * All facts.
     *
     * @param memory bytes that a rank may use; empty when nobody said
     * @param rate FLOP/s that a rank keeps up; empty when nobody said
     */
    public static Map<String, Object> of(PipelinePlan plan, OptionalLong memory, OptionalDouble rate) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("ranks", plan.input().mesh().ranks());
        Map<String, Object> mesh = new LinkedHashMap<>();
        for (Axis axis : Axis.values()) {
            mesh.put(axis.label(), plan.input().mesh().size(axis));
        }
        mesh.put("expert", plan.input().mesh().expert());
        facts.put("mesh", mesh);
        facts.put("zero", plan.input().zero());
        facts.put("parameters", plan.parameters());
        facts.put("active_parameters", plan.activeParameters());
        facts.put("tokens_per_step", plan.input().tokens());
        facts.put("micro_batches", plan.input().microbatches());
        facts.put("recompute", plan.input().recompute() ? "block" : "none");
        facts.put("schedule", plan.schedule().name());
        facts.put("optimistic_step", plan.optimistic());
        facts.put("stages", stages(plan));
        facts.put("makespan_flops", plan.simulation().makespan());
        facts.put("span_flops", plan.simulation().span());
        facts.put("bubble_rate", plan.bubble());
        facts.put("pipeline_ranks", ranks(plan));
        facts.put("peak_bytes_total", plan.total());
        facts.put("model_flops_per_step", plan.modelFlops());
        facts.put("flops_per_rank_per_step", plan.work());
        rate.ifPresent(flops -> {
            facts.put("flops_per_second_of_a_rank", flops);
            facts.put("tokens_per_second", plan.tokensPerSecond(flops));
        });
        memory.ifPresent(limit -> {
            facts.put("memory_bytes", limit);
            facts.put("fits", plan.total() <= limit);
        });
        return facts;
    }

    private static List<Map<String, Object>> stages(PipelinePlan plan) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int number = 0; number < plan.split().stages().size(); number++) {
            Stage stage = plan.split().stages().get(number);
            StageCosts.Stage costs = plan.simulation().costs().stages().get(number);
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("ranks", plan.schedule().map().ranksOf(number));
            facts.put("layers", stage.layers());
            facts.put("embedding", stage.embedding());
            facts.put("head", stage.head());
            facts.put("forward_flops", costs.forward());
            facts.put("input_flops", costs.input());
            facts.put("weight_flops", costs.weight());
            facts.put("activation_bytes", Math.round(costs.activations()));
            facts.put("kept_bytes", Math.round(costs.kept()));
            all.add(facts);
        }
        return all;
    }

    private static List<Map<String, Object>> ranks(PipelinePlan plan) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int rank = 0; rank < plan.ranks().size(); rank++) {
            PipelinePlan.Rank planned = plan.ranks().get(rank);
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("stages", planned.stages());
            facts.put("bubble_rate", plan.bubble(rank));
            facts.put("held_bytes", planned.held().total());
            Map<String, Object> peak = new LinkedHashMap<>();
            for (Term term : Term.values()) {
                peak.put(term.name().toLowerCase(Locale.ROOT), planned.peak().of(term));
            }
            peak.put("total", planned.peak().total());
            facts.put("peak_bytes", peak);
            facts.put("wire_bytes_per_step", wire(planned.wire()));
            all.add(facts);
        }
        return all;
    }

    private static Map<String, Object> wire(PipelineWire wire) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("stages", Math.round(wire.stages()));
        facts.put("copies", Math.round(wire.copies()));
        facts.put("replicate", Math.round(wire.replicate()));
        facts.put("shard", Math.round(wire.shard()));
        facts.put("tensor", Math.round(wire.tensor()));
        facts.put("expert", Math.round(wire.expert()));
        facts.put("expert_to_other_hosts", Math.round(wire.expertAcross()));
        facts.put("total", Math.round(wire.total()));
        return facts;
    }

    /**
     * All schedules side by side.
     *
     * @param rate FLOP/s that a rank keeps up; empty when nobody said
     */
    public static Map<String, Object> of(ScheduleComparison comparison, OptionalDouble rate) {
        Map<String, Object> facts = new LinkedHashMap<>();
        comparison.limit().ifPresent(limit -> facts.put("memory_bytes", limit));
        List<Map<String, Object>> schedules = new ArrayList<>();
        for (ScheduleComparison.Choice choice : comparison.choices()) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("schedule", choice.name().label());
            row.put("optimistic_step", choice.optimistic());
            row.put("defined", choice.plan().isPresent());
            choice.plan().ifPresentOrElse(plan -> figures(row, plan, rate), () -> row.put("why", choice.why()));
            row.put("fits", comparison.fits(choice));
            schedules.add(row);
        }
        facts.put("schedules", schedules);
        comparison.recommended().ifPresent(choice -> {
            facts.put("recommended", choice.name().label());
            facts.put("recommended_optimistic_step", choice.optimistic());
            comparison.limitToWrite(choice).ifPresent(limit -> facts.put("recommended_memory_limit", limit));
        });
        return facts;
    }

    private static void figures(Map<String, Object> row, PipelinePlan plan, OptionalDouble rate) {
        row.put("stages", plan.schedule().map().stages());
        row.put("bubble_rate", plan.bubble());
        row.put("step_flops", plan.step());
        rate.ifPresent(flops -> row.put("tokens_per_second", plan.tokensPerSecond(flops)));
        row.put("activation_bytes", plan.fullest().peak().of(Term.ACTIVATIONS));
        row.put("total_bytes", plan.total());
    }
}
