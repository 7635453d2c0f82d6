package dev.braid.trainer.plan;

import dev.braid.models.Architecture;
import dev.braid.tensor.parameters.Unit;
import java.util.List;

/**
 * Bytes of tensors that a rank sends in a step, by axis of the mesh; it receives as many. A reduce-scatter or an all-gather of
 * n bytes over r ranks sends {@code (r - 1) / r * n} from each, an all-reduce twice that.
 *
 * @param replicate sums of the rank's share of the gradients over replicas
 * @param shard gathered values and scattered gradients
 * @param tensor rows between the divided products, and gradients of what every tensor rank holds
 * @param expert rows of tokens to experts on other ranks and back, with the lists of experts and their weights, when all experts are
 *     equally busy; at most, since a token goes once to a rank that has several of its experts
 * @param expertAcross of these, the bytes to other hosts, to each of which a token goes once; 0 when nobody said where ranks are
 */
public record WireBytes(double replicate, double shard, double tensor, double expert, double expertAcross) {
    /** Embedding forward and backward, head forward and backward. */
    private static final int END_EXCHANGES = 4;

    /** What a rank tells of a row's loss over a vocabulary that is divided: its log-sum-exp and the label's logit. */
    private static final int LOSS_FIGURES = 2;

    static WireBytes of(PlanInput input, Architecture architecture) {
        List<UnitSize> units = UnitSize.of(architecture);
        LayerTraces layers = new LayerTraces(input);
        return new WireBytes(
                replicate(input, units),
                shard(input, units),
                tensor(input, architecture.parameters().units()),
                layers.sent(0, layers.count()) * input.microbatches(),
                layers.sentAcross(0, layers.count()) * input.microbatches());
    }

    /** All axes. */
    public double total() {
        return replicate + shard + tensor + expert;
    }

    private static double part(int ranks) {
        return (ranks - 1.0) / ranks;
    }

    /** How often a step sums gradients. */
    private static int sums(PlanInput input) {
        return input.dividesGradients() && input.accumulateSharded() ? input.microbatches() : 1;
    }

    private static double replicate(PlanInput input, List<UnitSize> units) {
        double share = units.stream()
                .mapToDouble(unit -> (double) unit.elements() / unit.shards(input.mesh()))
                .sum();
        return 2 * part(input.mesh().replicate()) * share * input.reduce().bytes() * sums(input);
    }

    private static double shard(PlanInput input, List<UnitSize> units) {
        double bytes = 0;
        for (UnitSize unit : units) {
            double part = part(unit.shards(input.mesh()));
            double gradients = part * unit.elements() * input.reduce().bytes();
            bytes += input.zero() == 0
                    ? 2 * gradients
                    : gradients * sums(input) + part * unit.valueBytes() * gathers(input, unit);
        }
        return bytes;
    }

    /** How often a step gathers the values of a unit. */
    private static int gathers(PlanInput input, UnitSize unit) {
        if (input.zero() < 3 || !input.reshardAfterForward()) {
            return 1;
        }
        int modules = input.model().predictionDepth();
        int uses = unit.name().startsWith("layers.") ? 2 : 1;
        if (unit.name().equals("embedding")) {
            // A table that is also the head is used twice: for look-up, and by the loss. Each module looks up too.
            uses += (input.model().tieEmbeddings() ? 1 : 0) + modules;
        } else if (unit.name().equals("mtp")) {
            uses = 2 * modules;
        }
        return uses * input.microbatches();
    }

    private static double tensor(PlanInput input, List<Unit> units) {
        int ranks = input.mesh().tensor();
        double rows = (double) input.microbatchTokens() * input.microbatches();
        int losses = 1 + input.model().predictionDepth();
        double ends = losses
                * END_EXCHANGES
                * rows
                * input.model().dim()
                * input.compute().bytes();
        LayerTraces layers = new LayerTraces(input);
        double between = ranks == 1
                ? 0
                : ends + (layers.exchanged(0, layers.count()) + layers.exchangedInModules()) * input.microbatches();
        double loss = (ranks - 1.0) * losses * LOSS_FIGURES * rows * Float.BYTES;
        double copies = 0;
        for (Unit unit : units) {
            for (Unit.Entry entry : unit.entries()) {
                int holders = entry.part().copies();
                copies += 2 * part(holders) * entry.part().shape().count() * Float.BYTES * sums(input);
            }
        }
        return part(ranks) * between + loss + copies;
    }
}
