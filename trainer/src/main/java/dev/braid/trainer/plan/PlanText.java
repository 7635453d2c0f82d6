package dev.braid.trainer.plan;

import dev.braid.parallelism.mesh.ExpertGroups;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.MeshTable;
import dev.braid.trainer.report.Format;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** A plan for a person. */
public final class PlanText {
    private static final String ROW = "%-46s %12s %12s%n";

    private PlanText() {}

    /**
     * The mesh, memory by term, traffic by axis, arithmetic and, if a rank does not fit, what to change.
     *
     * @param memory bytes that a rank may use; empty when nobody said
     * @param rate FLOP/s that a rank keeps up; empty when nobody said
     */
    public static String of(Plan plan, OptionalLong memory, OptionalDouble rate) {
        StringBuilder text = new StringBuilder();
        Mesh mesh = plan.input().mesh();
        text.append(MeshTable.of(mesh)).append(ExpertGroups.of(mesh)).append('\n');
        header(text, plan);
        memory(text, plan);
        wire(text, plan.wire());
        arithmetic(text, plan, rate);
        memory.ifPresent(limit -> verdict(text, plan, limit));
        return text.toString();
    }

    private static void header(StringBuilder text, Plan plan) {
        PlanInput input = plan.input();
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
    }

    private static void memory(StringBuilder text, Plan plan) {
        boolean recompute = plan.input().recompute();
        text.append(row("memory of a rank at its peak", "none" + mark(!recompute), "block" + mark(recompute)));
        for (Term term : Term.values()) {
            text.append(row(
                    "  " + term.label(),
                    size(plan.keeping().of(term)),
                    size(plan.recomputing().of(term))));
        }
        text.append(row(
                "  total", size(plan.keeping().total()), size(plan.recomputing().total())));
        text.append(String.format(
                Locale.ROOT,
                "  (columns: train.recompute, * as configured; largest transient: %s, %s)%n%n",
                plan.largestTransient(),
                size(plan.largestTransientBytes())));
    }

    private static String mark(boolean chosen) {
        return chosen ? " *" : "";
    }

    private static String row(String name, String first, String second) {
        return String.format(Locale.ROOT, ROW, name, first, second).replaceAll("(?m) +$", "");
    }

    private static void wire(StringBuilder text, WireBytes wire) {
        text.append(row("sent by a rank in a step", "", ""));
        text.append(row("  replicate", Format.decimalBytes(Math.rint(wire.replicate())), ""));
        text.append(row("  shard", Format.decimalBytes(Math.rint(wire.shard())), ""));
        text.append(row("  tensor", Format.decimalBytes(Math.rint(wire.tensor())), ""));
        if (wire.expert() > 0) {
            text.append(row("  expert, at most", Format.decimalBytes(Math.rint(wire.expert())), ""));
        }
        if (wire.expertAcross() > 0) {
            text.append(row("    of these to other hosts", Format.decimalBytes(Math.rint(wire.expertAcross())), ""));
        }
        text.append('\n');
    }

    private static void arithmetic(StringBuilder text, Plan plan, OptionalDouble rate) {
        text.append(row("arithmetic of a step", "", ""));
        text.append(row("  model, all ranks", Format.operations(plan.modelFlops()), ""));
        text.append(row("  carried out by a rank", Format.operations(plan.rankFlops()), ""));
        rate.ifPresent(flops -> text.append(row(
                "  tokens/s at " + Format.flops(flops) + " a rank", Format.count(plan.tokensPerSecond(flops)), "")));
    }

    private static void verdict(StringBuilder text, Plan plan, long limit) {
        text.append('\n');
        if (plan.total() <= limit) {
            text.append(String.format(Locale.ROOT, "fits: %s of %s a rank%n", size(plan.total()), size(limit)));
            return;
        }
        text.append(String.format(
                Locale.ROOT, "does not fit: %s, but a rank may use %s%n", size(plan.total()), size(limit)));
        text.append(row("one change", "total", "ranks"));
        for (Remedy remedy : Remedies.of(plan.input())) {
            text.append(row("  " + remedy.change(), size(remedy.total()), ranks(remedy)));
        }
        together(text, plan, limit);
    }

    private static void together(StringBuilder text, Plan plan, long limit) {
        List<Remedy> made = Remedies.until(plan.input(), limit);
        if (made.isEmpty()) {
            text.append("  nothing that this command knows saves memory here\n");
            return;
        }
        boolean fits = made.getLast().total() <= limit;
        text.append(row(fits ? "together, until it fits" : "together; still too much", "total", "ranks"));
        for (Remedy remedy : made) {
            text.append(row("  " + remedy.change(), size(remedy.total()), ranks(remedy)));
        }
    }

    /** Finer than usual above a GiB, since what fits and what does not may be near each other. */
    private static String size(long bytes) {
        return bytes < 1L << 30 ? Format.bytes(bytes) : String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30);
    }

    private static String ranks(Remedy remedy) {
        return Integer.toString(remedy.input().mesh().ranks());
    }
}
