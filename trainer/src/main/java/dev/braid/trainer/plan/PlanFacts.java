package dev.braid.trainer.plan;

import dev.braid.parallelism.mesh.Axis;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** A plan for programs: maps, lists, numbers and words, in an order and with names that stay. Bytes are whole numbers. */
public final class PlanFacts {
    private PlanFacts() {}

    /**
     * All facts.
     *
     * @param memory bytes that a rank may use; empty when nobody said
     * @param rate FLOP/s that a rank keeps up; empty when nobody said
     */
    public static Map<String, Object> of(Plan plan, OptionalLong memory, OptionalDouble rate) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("ranks", plan.input().mesh().ranks());
        facts.put("mesh", mesh(plan));
        facts.put("zero", plan.input().zero());
        facts.put("parameters", plan.parameters());
        facts.put("active_parameters", plan.activeParameters());
        facts.put("tokens_per_step", plan.input().tokens());
        facts.put("micro_batches", plan.input().microbatches());
        facts.put("recompute", plan.input().recompute() ? "block" : "none");
        facts.put("held_bytes", held(plan.held()));
        facts.put("peak_bytes", bytes(plan.peak()));
        facts.put("peak_bytes_recompute_none", bytes(plan.keeping()));
        facts.put("peak_bytes_recompute_block", bytes(plan.recomputing()));
        facts.put("largest_transient", plan.largestTransient());
        facts.put("largest_transient_bytes", plan.largestTransientBytes());
        facts.put("wire_bytes_per_step", wire(plan.wire()));
        facts.put("model_flops_per_step", plan.modelFlops());
        facts.put("flops_per_rank_per_step", plan.rankFlops());
        rate.ifPresent(flops -> {
            facts.put("flops_per_second_of_a_rank", flops);
            facts.put("tokens_per_second_without_waiting", plan.tokensPerSecond(flops));
        });
        if (memory.isPresent()) {
            facts.put("memory_bytes", memory.getAsLong());
            boolean fits = plan.total() <= memory.getAsLong();
            facts.put("fits", fits);
            facts.put("changes", fits ? List.of() : changes(Remedies.of(plan.input())));
            facts.put("changes_until_it_fits", changes(Remedies.until(plan.input(), memory.getAsLong())));
        }
        return facts;
    }

    private static Map<String, Object> mesh(Plan plan) {
        Map<String, Object> sizes = new LinkedHashMap<>();
        for (Axis axis : Axis.values()) {
            sizes.put(axis.label(), plan.input().mesh().size(axis));
        }
        sizes.put("expert", plan.input().mesh().expert());
        return sizes;
    }

    private static Map<String, Object> held(ZeroMemory held) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("parameters", held.parameters());
        facts.put("gradients", held.gradients());
        facts.put("optimizer", held.optimizer());
        facts.put("total", held.total());
        return facts;
    }

    private static Map<String, Object> bytes(Footprint footprint) {
        Map<String, Object> facts = new LinkedHashMap<>();
        for (Term term : Term.values()) {
            facts.put(term.name().toLowerCase(Locale.ROOT), footprint.of(term));
        }
        facts.put("total", footprint.total());
        return facts;
    }

    private static Map<String, Object> wire(WireBytes wire) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("replicate", Math.round(wire.replicate()));
        facts.put("shard", Math.round(wire.shard()));
        facts.put("tensor", Math.round(wire.tensor()));
        facts.put("expert", Math.round(wire.expert()));
        facts.put("expert_to_other_hosts", Math.round(wire.expertAcross()));
        facts.put("total", Math.round(wire.total()));
        return facts;
    }

    private static List<Map<String, Object>> changes(List<Remedy> remedies) {
        List<Map<String, Object>> changes = new ArrayList<>();
        for (Remedy remedy : remedies) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("change", remedy.change());
            facts.put("ranks", remedy.input().mesh().ranks());
            facts.put("total", remedy.total());
            changes.add(facts);
        }
        return changes;
    }
}
