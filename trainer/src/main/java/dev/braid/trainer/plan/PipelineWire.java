package dev.braid.trainer.plan;

import dev.braid.models.ModelConfig;
import dev.braid.models.Stage;
import dev.braid.models.StageSplit;
import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.tensor.parameters.Unit;
import java.util.List;

/**
 * Bytes of tensors that one rank of a pipeline sends in a step, by axis; see {@link WireBytes} for the collectives.
 *
 * @param stages what stages pass on to other ranks, and gradients back
 * @param copies gradients of weights that two ranks of the pipeline hold: stages of both directions, a tied head
 * @param replicate sums of the rank's share of the gradients over replicas
 * @param shard scattered gradients and gathered values
 * @param tensor rows between the divided products, and gradients of what every tensor rank holds
 * @param expert rows of tokens to experts on other ranks and back, at most; see {@link WireBytes#expert}
 * @param expertAcross of these, the bytes to other hosts; see {@link WireBytes#expertAcross}
 */
public record PipelineWire(
        double stages,
        double copies,
        double replicate,
        double shard,
        double tensor,
        double expert,
        double expertAcross) {
    private static final int END_EXCHANGES = 2;
    private static final int LOSS_FIGURES = 2;

    /**
     * What {@code rank} sends.
     *
     * @param held units that it holds, without the one that is tied to another on the same rank
     */
    static PipelineWire of(
            PlanInput input, LayerTraces layers, Schedule schedule, StageSplit split, int rank, List<Unit> held) {
        double shares = 0;
        double shard = 0;
        for (Unit unit : held) {
            UnitSize size = UnitSize.of(unit);
            int ranks = size.shards(input.mesh());
            shares += (double) size.elements() / ranks;
            double gradients = part(ranks) * size.elements() * input.reduce().bytes();
            shard += input.zero() == 0 ? 2 * gradients : gradients + part(ranks) * size.valueBytes();
        }
        return new PipelineWire(
                passed(input, layers, schedule, split, rank),
                copied(schedule.map(), split, rank, held, input.model()),
                2 * part(input.mesh().replicate()) * shares * input.reduce().bytes(),
                shard,
                tensor(input, layers, schedule, split, rank, held),
                expert(layers::sent, schedule, split, rank),
                expert(layers::sentAcross, schedule, split, rank));
    }

    /** All axes. */
    public double total() {
        return stages + copies + replicate + shard + tensor + expert;
    }

    /** What layers of a range send for a micro-batch. */
    private interface SentByLayers {
        double of(int from, int to);
    }

    private static double expert(SentByLayers sent, Schedule schedule, StageSplit split, int rank) {
        double bytes = 0;
        for (Action action : schedule.actions(rank)) {
            if (action.kind() == Action.Kind.F) {
                Stage stage = split.stages().get(action.stage());
                bytes += sent.of(stage.from(), stage.to());
            }
        }
        return bytes;
    }

    private static double part(int ranks) {
        return (ranks - 1.0) / ranks;
    }

    private static double passed(PlanInput input, LayerTraces layers, Schedule schedule, StageSplit split, int rank) {
        int last = schedule.map().stages() - 1;
        double hidden = (double) input.ownTokens()
                * input.model().dim()
                * input.compute().bytes();
        double sent = 0;
        for (Action action : schedule.actions(rank)) {
            boolean forward = action.kind() == Action.Kind.F;
            int to = action.stage() + (forward ? 1 : -1);
            if (action.kind() != Action.Kind.W
                    && to >= 0
                    && to <= last
                    && schedule.rank(to, action.microbatch()) != rank) {
                Stage stage = split.stages().get(action.stage());
                sent += hidden + layers.carriedInto(forward ? stage.to() : stage.from());
            }
        }
        return sent;
    }

    /**
     * Both holders of a copy send their gradient in F32 to each other. A tied head has a gradient of its own, which is summed over
     * copies apart and, where it is on another rank, with the embedding's.
     */
    private static double copied(StageMap map, StageSplit split, int rank, List<Unit> held, ModelConfig model) {
        double bytes = 0;
        for (int stage : map.stagesOf(rank)) {
            for (String name : split.stages().get(stage).units(model)) {
                if (map.ranksOf(stage).size() > 1 && used(held, name)) {
                    bytes += gradient(held, name);
                }
            }
        }
        boolean table = map.ranksOf(0).contains(rank);
        boolean head = map.ranksOf(map.stages() - 1).contains(rank);
        return bytes + (model.embedsAtEnd() && table != head ? gradient(held, table ? "embedding" : "head") : 0);
    }

    /** Experts have a unit in some layers only; a tied head on the rank of its table is not among the units held. */
    private static boolean used(List<Unit> held, String name) {
        return name.equals("head") || held.stream().anyMatch(unit -> unit.name().equals(name));
    }

    /** A head that is tied to a table on the same rank is as large as that. */
    private static double gradient(List<Unit> held, String name) {
        return held.stream()
                .filter(unit -> unit.name().equals(name))
                .findFirst()
                .or(() -> held.stream()
                        .filter(unit -> unit.name().equals("embedding"))
                        .findFirst())
                .map(unit -> UnitSize.of(unit).gradientBytes())
                .orElseThrow();
    }

    private static double tensor(
            PlanInput input, LayerTraces layers, Schedule schedule, StageSplit split, int rank, List<Unit> held) {
        int ranks = input.mesh().tensor();
        // A head whose weight gradient waits gathers its rows once more for it.
        int perHead = END_EXCHANGES + (StageEstimate.weightsWait(schedule) ? 1 : 0);
        double between = 0;
        long exchanges = 0;
        long losses = 0;
        for (Action action : schedule.actions(rank)) {
            if (action.kind() == Action.Kind.F) {
                Stage stage = split.stages().get(action.stage());
                int modules = stage.head() ? layers.modules() : 0;
                between += layers.exchanged(stage.from(), stage.to()) + (modules > 0 ? layers.exchangedInModules() : 0);
                exchanges += (stage.embedding() ? END_EXCHANGES : 0)
                        + (stage.head() ? perHead : 0)
                        + modules * (END_EXCHANGES + perHead);
                losses += stage.head() ? (1 + modules) * LOSS_FIGURES : 0;
            }
        }
        double rows =
                part(ranks) * exchanges * input.model().dim() * input.compute().bytes()
                        + (ranks - 1.0) * losses * Float.BYTES;
        double copies = 0;
        for (Unit unit : held) {
            for (Unit.Entry entry : unit.entries()) {
                copies += 2 * part(entry.part().copies()) * entry.part().shape().count() * Float.BYTES;
            }
        }
        return part(ranks) * between + rows * input.microbatchTokens() + copies;
    }
}
