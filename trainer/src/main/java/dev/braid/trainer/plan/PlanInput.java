package dev.braid.trainer.plan;

import dev.braid.models.ModelConfig;
import dev.braid.parallelism.mesh.Axis;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.parameters.Place;
import dev.braid.trainer.config.Experiment;
import java.util.List;
import java.util.OptionalInt;

/**
 * What decides how much memory, traffic and arithmetic a step takes. Immutable.
 *
 * @param vocabulary token ids
 * @param compute dtype of activations and of matrices as operations read them
 * @param cores of a rank
 * @param hostRanks ranks of a host, which are neighbours in the world; empty when nobody said
 */
public record PlanInput(
        ModelConfig model,
        int vocabulary,
        DType compute,
        Mesh mesh,
        Sharding sharding,
        Step step,
        int cores,
        OptionalInt hostRanks) {
    /**
     * What the ranks of a shard group divide.
     *
     * @param zero 0 to 3
     * @param reshardAfterForward with zero 3: whether gathered values are dropped between forward and backward
     * @param accumulateSharded with zero 2 and 3: whether gradients are reduced after every micro-batch
     * @param reduce dtype in which gradients travel
     */
    public record Sharding(int zero, boolean reshardAfterForward, boolean accumulateSharded, DType reduce) {}

    /**
     * What runs in a step.
     *
     * @param sequences over all ranks
     * @param microbatch sequences that a rank runs at once
     * @param sequence tokens of a sequence
     * @param recompute whether backward runs each block again
     */
    public record Step(int sequences, int microbatch, int sequence, boolean recompute) {}

    /** The input that an experiment means, on hosts that nobody knows. */
    public static PlanInput of(Experiment experiment, int vocabulary, int cores) {
        return new PlanInput(
                experiment.model(),
                vocabulary,
                experiment.precision().computeType(),
                experiment.parallel().mesh(),
                new Sharding(
                        experiment.parallel().zeroStage(),
                        experiment.parallel().reshardsAfterForward(),
                        experiment.parallel().accumulatesSharded(),
                        experiment.parallel().reduceType()),
                new Step(
                        experiment.batch().sequences(),
                        experiment.microbatchSize(),
                        experiment.sequence(),
                        experiment.train().recomputesBlocks()),
                cores,
                OptionalInt.empty());
    }

    /** See {@link Sharding}. */
    public int zero() {
        return sharding.zero();
    }

    /** See {@link Sharding}. */
    public boolean reshardAfterForward() {
        return sharding.reshardAfterForward();
    }

    /** See {@link Sharding}. */
    public boolean accumulateSharded() {
        return sharding.accumulateSharded();
    }

    /** See {@link Sharding}. */
    public DType reduce() {
        return sharding.reduce();
    }

    /** See {@link Step}. */
    public int sequences() {
        return step.sequences();
    }

    /** See {@link Step}. */
    public int microbatch() {
        return step.microbatch();
    }

    /** See {@link Step}. */
    public int sequence() {
        return step.sequence();
    }

    /** See {@link Step}. */
    public boolean recompute() {
        return step.recompute();
    }

    /** The first rank of the axes that cut parameters. */
    Place place() {
        return new Place(mesh.tensor(), 0, mesh.expert(), 0);
    }

    /** Micro-batches that a rank runs in a step. */
    public int microbatches() {
        return Math.max(1, Math.ceilDiv(sequences(), mesh.dataRanks() * microbatch()));
    }

    /** Tokens of a micro-batch. */
    public long microbatchTokens() {
        return (long) microbatch() * sequence();
    }

    /** Tokens of a step, over all ranks. */
    public long tokens() {
        return (long) sequences() * sequence();
    }

    /** Tokens of a micro-batch that lie on one rank between the divided products. */
    long ownTokens() {
        return Math.ceilDiv(microbatchTokens(), mesh.tensor());
    }

    /** Whether a rank's values of a unit are gathered when it is used. */
    boolean gathersValues() {
        return zero() == 3 && mesh.shard() > 1;
    }

    /** Whether a rank holds the whole gradient until the end of a step although it keeps only its share. */
    boolean holdsWholeGradient() {
        return dividesGradients() && microbatches() > 1 && !accumulateSharded();
    }

    /**
     * Whether the gradient of the embedding as it is used behind the last layer, which adds up apart, is there until the step's end; otherwise it is
     * from the loss to the end of backward.
     */
    boolean keepsTiedGradient() {
        return model.embedsAtEnd() && microbatches() > 1 && !(dividesGradients() && accumulateSharded());
    }

    /** Whether a rank keeps only its share of the gradient. */
    boolean dividesGradients() {
        return zero() >= 2 && mesh.shard() > 1;
    }

    /** The ranks that the first one exchanges tokens with, by hosts; on one where nobody said. */
    ExpertHosts expertHosts() {
        List<Integer> members = mesh.expertGroup(0);
        return hostRanks.isEmpty()
                ? ExpertHosts.one(members.size())
                : ExpertHosts.of(members.stream()
                        .map(rank -> rank / hostRanks.getAsInt())
                        .toList());
    }

    /** The same on hosts of {@code ranks} neighbours each. */
    public PlanInput onHostsOf(int ranks) {
        int apart = mesh.stride(Axis.SHARD);
        int together = apart * mesh.expert();
        boolean even = ranks % together == 0 || together % ranks == 0 && (ranks % apart == 0 || apart % ranks == 0);
        if (ranks < 1 || mesh.expert() > 1 && !even) {
            throw new IllegalArgumentException(ranks + " ranks a host divide the expert groups of " + mesh.describe()
                    + " unevenly: each is among " + together + " neighbouring ranks; give a multiple of " + together
                    + (apart == 1
                            ? " or a divisor of it"
                            : ", " + apart + " times a divisor of " + mesh.expert() + ", or a divisor of " + apart));
        }
        return new PlanInput(model, vocabulary, compute, mesh, sharding, step, cores, OptionalInt.of(ranks));
    }

    /** The same with another dtype of activations and values. */
    public PlanInput withCompute(DType other) {
        return new PlanInput(model, vocabulary, other, mesh, sharding, step, cores, hostRanks);
    }

    /** The same for a rank of other cores. */
    public PlanInput withCores(int count) {
        return new PlanInput(model, vocabulary, compute, mesh, sharding, step, count, hostRanks);
    }

    /** The same on another mesh, with what its shard group divides. */
    public PlanInput withMesh(Mesh other, int stage) {
        boolean reshards = stage == 3 && (reshardAfterForward() || zero() != 3);
        Sharding divided = new Sharding(stage, reshards, accumulateSharded(), reduce());
        return new PlanInput(model, vocabulary, compute, other, divided, step, cores, hostRanks);
    }

    /** The same with other rules for what is gathered and accumulated. */
    public PlanInput withSharding(boolean reshard, boolean accumulate) {
        Sharding other = new Sharding(zero(), reshard, accumulate, reduce());
        return new PlanInput(model, vocabulary, compute, mesh, other, step, cores, hostRanks);
    }

    /** The same with micro-batches of another size, and blocks run again or not. */
    public PlanInput withMicrobatch(int size, boolean again) {
        Step other = new Step(sequences(), size, sequence(), again);
        return new PlanInput(model, vocabulary, compute, mesh, sharding, other, cores, hostRanks);
    }
}
