package dev.braid.trainer.plan;

import dev.braid.models.Stage;
import dev.braid.parallelism.mesh.ExpertGroups;
import dev.braid.parallelism.mesh.MeshTable;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.trainer.report.Format;
import dev.braid.trainer.report.ScheduleDrawing;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** A plan of a pipeline for a person. */
public final class PipelineText {
    private static final int COLUMNS = 180;
    private static final String STAGE = "  %-5s %-6s %-26s %11s %11s %11s %12s %12s%n";
    private static final String MEMORY = "  %-5s %11s %11s %11s %11s %11s %11s %11s %11s%n";
    private static final String SENT = "  %-5s %11s %11s %11s %11s %11s%n";
    private static final String CHOICE = "  %-13s %6s %8s %9s %12s %12s%s%n";

    private PipelineText() {}

    /**
     * The mesh, the stages, the schedule, memory and traffic of each rank, arithmetic.
     *
     * @param memory bytes that a rank may use; empty when nobody said
     * @param rate FLOP/s that a rank keeps up; empty when nobody said
     */
    public static String of(PipelinePlan plan, OptionalLong memory, OptionalDouble rate) {
        StringBuilder text = new StringBuilder();
        PlanInput input = plan.input();
        text.append(MeshTable.of(input.mesh()))
                .append(ExpertGroups.of(input.mesh()))
                .append('\n');
        text.append(String.format(
                Locale.ROOT,
                "%s, %s, zero %d; %d %s of %d x %d tokens a rank, %s tokens a step%n%n",
                ParameterText.of(plan.parameters(), plan.activeParameters()),
                input.compute().name().toLowerCase(Locale.ROOT),
                input.zero(),
                input.microbatches(),
                input.microbatches() == 1 ? "micro-batch" : "micro-batches",
                input.microbatch(),
                input.sequence(),
                Format.grouped(input.tokens())));
        stages(text, plan);
        schedule(text, plan);
        memory(text, plan);
        sent(text, plan);
        arithmetic(text, plan, rate);
        memory.ifPresent(limit -> text.append(String.format(
                Locale.ROOT,
                plan.total() <= limit
                        ? "%nfits: %s of %s a rank%n"
                        : "%ndoes not fit: %s, but a rank may use %s; --compare shows what other schedules need%n",
                size(plan.total()),
                size(limit))));
        return text.toString();
    }

    private static void stages(StringBuilder text, PipelinePlan plan) {
        text.append("stages, each for one micro-batch\n");
        text.append(row(STAGE, "stage", "ranks", "parts", "F", "I", "W", "activations", "kept for W"));
        List<Stage> stages = plan.split().stages();
        for (int stage = 0; stage < stages.size(); stage++) {
            StageCosts.Stage costs = plan.simulation().costs().stages().get(stage);
            text.append(row(
                    STAGE,
                    stage,
                    plan.schedule().map().ranksOf(stage).stream()
                            .map(Object::toString)
                            .collect(Collectors.joining(",")),
                    stages.get(stage),
                    Format.operations(costs.forward()),
                    Format.operations(costs.input()),
                    Format.operations(costs.weight()),
                    Format.bytes(Math.rint(costs.activations())),
                    Format.bytes(Math.rint(costs.kept()))));
        }
        text.append('\n');
    }

    private static void schedule(StringBuilder text, PipelinePlan plan) {
        text.append("schedule ").append(plan.schedule().name());
        text.append(", in estimated times (FLOP of a rank) without communication\n");
        text.append(ScheduleDrawing.of(plan.schedule(), plan.simulation().ranks(), COLUMNS));
        text.append("bubble of a step: ").append(Format.percent(plan.bubble()));
        if (!plan.schedule().settles()) {
            text.append(plan.optimistic() ? "" : "; ")
                    .append(
                            plan.optimistic()
                                    ? ", as ranks step before the gradient's norm is known"
                                    : Format.percent((plan.simulation().span() - plan.work())
                                                    / plan.simulation().span())
                                            + " with pipeline.optimistic_step: true");
        }
        text.append("\n\n");
    }

    private static void memory(StringBuilder text, PipelinePlan plan) {
        text.append("memory of a rank at its peak\n");
        text.append(row(
                MEMORY,
                "rank",
                "parameters",
                "gradients",
                "optimizer",
                "in flight",
                "activations",
                "communic.",
                "workspace",
                "total"));
        for (int rank = 0; rank < plan.ranks().size(); rank++) {
            Footprint peak = plan.ranks().get(rank).peak();
            text.append(row(
                    MEMORY,
                    rank,
                    size(peak.of(Term.PARAMETERS)),
                    size(peak.of(Term.GRADIENTS)),
                    size(peak.of(Term.OPTIMIZER)),
                    size(peak.of(Term.UNITS_IN_FLIGHT)),
                    size(peak.of(Term.ACTIVATIONS)),
                    size(peak.of(Term.COMMUNICATION)),
                    size(peak.of(Term.WORKSPACE)),
                    size(peak.total())));
        }
        text.append('\n');
    }

    private static void sent(StringBuilder text, PipelinePlan plan) {
        text.append("sent by a rank in a step\n");
        text.append(row(SENT, "rank", "stages", "copies", "replicate", "shard", "tensor"));
        for (int rank = 0; rank < plan.ranks().size(); rank++) {
            PipelineWire wire = plan.ranks().get(rank).wire();
            text.append(row(
                    SENT,
                    rank,
                    Format.decimalBytes(Math.rint(wire.stages())),
                    Format.decimalBytes(Math.rint(wire.copies())),
                    Format.decimalBytes(Math.rint(wire.replicate())),
                    Format.decimalBytes(Math.rint(wire.shard())),
                    Format.decimalBytes(Math.rint(wire.tensor()))));
        }
        double toExperts = plan.ranks().stream()
                .mapToDouble(rank -> rank.wire().expert())
                .max()
                .orElse(0);
        if (toExperts > 0) {
            text.append("  to experts on other ranks and back, at most ")
                    .append(Format.decimalBytes(Math.rint(toExperts)));
            double across = plan.ranks().stream()
                    .mapToDouble(rank -> rank.wire().expertAcross())
                    .max()
                    .orElse(0);
            text.append(across > 0 ? ", of these to other hosts " + Format.decimalBytes(Math.rint(across)) : "")
                    .append('\n');
        }
        text.append('\n');
    }

    private static void arithmetic(StringBuilder text, PipelinePlan plan, OptionalDouble rate) {
        text.append("arithmetic of a step\n");
        text.append("  model, all ranks                     ")
                .append(Format.operations(plan.modelFlops()))
                .append('\n');
        text.append("  carried out by the busiest rank      ")
                .append(Format.operations(plan.work()))
                .append('\n');
        rate.ifPresent(flops -> text.append("  tokens/s at " + Format.flops(flops) + " a rank       "
                + Format.count(plan.tokensPerSecond(flops)) + "\n"));
    }

    /**
     * All schedules in a table, and which one to take.
     *
     * @param rate FLOP/s that a rank keeps up; empty when nobody said
     */
    public static String of(ScheduleComparison comparison, OptionalDouble rate) {
        StringBuilder text = new StringBuilder();
        String speed = rate.isPresent() ? "tokens/s" : "step";
        text.append(row(CHOICE, "schedule", "stages", "bubble", speed, "activations", "total", ""));
        double best = comparison.choices().stream()
                .flatMap(choice -> choice.plan().stream())
                .mapToDouble(PipelinePlan::step)
                .min()
                .orElse(1);
        for (ScheduleComparison.Choice choice : comparison.choices()) {
            String name = choice.name() + (choice.optimistic() ? " *" : "");
            if (choice.plan().isEmpty()) {
                text.append(String.format(Locale.ROOT, "  %-13s %s%n", name, choice.why()));
                continue;
            }
            PipelinePlan plan = choice.plan().get();
            String fast = rate.isPresent()
                    ? Format.count(plan.tokensPerSecond(rate.getAsDouble()))
                    : String.format(Locale.ROOT, "%.3f x", plan.step() / best);
            text.append(row(
                    CHOICE,
                    name,
                    plan.schedule().map().stages(),
                    Format.percent(plan.bubble()),
                    fast,
                    size(plan.fullest().peak().of(Term.ACTIVATIONS)),
                    size(plan.total()),
                    comparison.fits(choice) ? "" : "  does not fit"));
        }
        text.append("(bubble and step without communication; activations and total of the fullest rank;"
                + " * with pipeline.optimistic_step: true)\n");
        return text.append(recommendation(comparison)).toString();
    }

    private static String recommendation(ScheduleComparison comparison) {
        String within = comparison.limit().isPresent()
                ? " within " + size(comparison.limit().getAsLong()) + " a rank"
                : "";
        return comparison
                .recommended()
                .map(choice -> "fastest" + within + ": pipeline.schedule=" + choice.name()
                        + (choice.optimistic() ? " pipeline.optimistic_step=true" : "")
                        + comparison.limitToWrite(choice).stream()
                                .mapToObj(limit -> " pipeline.memory_limit=" + Format.exactBytes(limit))
                                .collect(Collectors.joining())
                        + "\n")
                .orElse("none is" + within + "\n");
    }

    private static String row(String format, Object... cells) {
        return String.format(Locale.ROOT, format, cells).replaceAll("(?m) +$", "");
    }

    /** Finer than usual above a GiB. */
    private static String size(long bytes) {
        return bytes < 1L << 30 ? Format.bytes(bytes) : String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30);
    }
}
