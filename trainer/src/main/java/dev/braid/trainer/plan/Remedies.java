package dev.braid.trainer.plan;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.tensor.DType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Finds what to change when a plan does not fit. */
public final class Remedies {
    private static final int MOST_STEPS = 12;

    private Remedies() {}

    /** Single changes that save memory, the one that saves most first. */
    public static List<Remedy> of(PlanInput input) {
        long now = Plan.peakBytes(input);
        List<Remedy> remedies = new ArrayList<>();
        sharding(input, remedies);
        step(input, remedies);
        meshes(input, remedies);
        remedies.removeIf(remedy -> remedy.total() >= now);
        remedies.sort(Comparator.comparingLong(Remedy::total));
        return List.copyOf(remedies);
    }

    /**
     * Changes that, made one after the other, bring a rank below {@code limit} bytes with as few more ranks as can be: each is the
     * one that saves most among those that need no further ranks, while there are any. Their totals count all changes so far.
     * The last may still be above.
     */
    public static List<Remedy> until(PlanInput input, long limit) {
        List<Remedy> made = new ArrayList<>();
        PlanInput current = input;
        long total = Plan.peakBytes(input);
        while (total > limit && made.size() < MOST_STEPS) {
            List<Remedy> found = of(current);
            if (found.isEmpty()) {
                break;
            }
            int ranks = current.mesh().ranks();
            Remedy next = found.stream()
                    .filter(remedy -> remedy.input().mesh().ranks() == ranks)
                    .findFirst()
                    .orElse(found.getFirst());
            made.add(next);
            current = next.input();
            total = next.total();
        }
        return List.copyOf(made);
    }

    private static void add(List<Remedy> remedies, String change, PlanInput input) {
        remedies.add(new Remedy(change, input, Plan.peakBytes(input)));
    }

    private static void sharding(PlanInput input, List<Remedy> remedies) {
        if (input.mesh().shard() > 1) {
            for (int stage = input.zero() + 1; stage <= 3; stage++) {
                add(remedies, "parallel.zero=" + stage, input.withMesh(input.mesh(), stage));
            }
        }
        if (input.gathersValues() && !input.reshardAfterForward()) {
            add(remedies, "parallel.reshard_after_forward=true", input.withSharding(true, input.accumulateSharded()));
        }
        if (input.holdsWholeGradient()) {
            add(remedies, "parallel.accumulate=sharded", input.withSharding(input.reshardAfterForward(), true));
        }
    }

    private static void step(PlanInput input, List<Remedy> remedies) {
        if (!input.recompute()) {
            add(remedies, "train.recompute=block", input.withMicrobatch(input.microbatch(), true));
        }
        IntStream.range(1, input.microbatch())
                .filter(size -> input.microbatch() % size == 0)
                .max()
                .ifPresent(size ->
                        add(remedies, "batch.microbatch=" + size, input.withMicrobatch(size, input.recompute())));
        if (input.compute() == DType.F32) {
            add(remedies, "precision.compute=bf16", input.withCompute(DType.BF16));
        }
    }

    private static void meshes(PlanInput input, List<Remedy> remedies) {
        Mesh mesh = input.mesh();
        int stage = mesh.shard() > 1 ? input.zero() : 3;
        if (mesh.replicate() % 2 == 0) {
            int replicate = mesh.replicate() / 2;
            int shard = mesh.shard() * 2;
            add(
                    remedies,
                    "parallel.replicate=" + replicate + " parallel.shard=" + shard,
                    input.withMesh(sized(mesh, replicate, shard, mesh.tensor()), stage));
        }
        if (mesh.ranks() * 2 > Mesh.LIMIT) {
            return;
        }
        moreShards(input, stage, remedies);
        if (divides(input, mesh.tensor() * 2)) {
            add(
                    remedies,
                    "parallel.tensor=" + mesh.tensor() * 2,
                    input.withMesh(sized(mesh, mesh.replicate(), mesh.shard(), mesh.tensor() * 2), input.zero()));
        }
    }

    /** Twice the shard ranks, which share the same sequences: micro-batches may have to become smaller. */
    private static void moreShards(PlanInput input, int stage, List<Remedy> remedies) {
        Mesh mesh = input.mesh();
        int dataRanks = mesh.dataRanks() * 2;
        if (input.sequences() % dataRanks != 0) {
            return;
        }
        int own = input.sequences() / dataRanks;
        int microbatch = IntStream.rangeClosed(1, input.microbatch())
                .filter(size -> own % size == 0)
                .max()
                .orElseThrow();
        String smaller = microbatch == input.microbatch() ? "" : " batch.microbatch=" + microbatch;
        PlanInput divided = input.withMesh(sized(mesh, mesh.replicate(), mesh.shard() * 2, mesh.tensor()), stage);
        add(
                remedies,
                "parallel.shard=" + mesh.shard() * 2 + smaller,
                divided.withMicrobatch(microbatch, input.recompute()));
    }

    private static Mesh sized(Mesh mesh, int replicate, int shard, int tensor) {
        return new Mesh(mesh.pipeline(), replicate, shard, mesh.context(), tensor).withExperts(mesh.expert());
    }

    private static boolean divides(PlanInput input, int ranks) {
        return input.model().tensorProblems(ranks).isEmpty() && input.vocabulary() >= ranks;
    }
}
