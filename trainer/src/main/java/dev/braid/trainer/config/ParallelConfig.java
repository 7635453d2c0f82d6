package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.parallelism.sharding.ZeroPlusPlus;
import dev.braid.tensor.DType;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The mesh of ranks, what they divide and how they talk. A key that is set and would do nothing is refused. */
public record ParallelConfig(
        @Key(value = "Ranks that hold the same parameters and work on different sequences.", byDefault = "1")
        int replicate,

        @Key(
                value =
                        "Ranks over which parameters, gradients and optimizer state are divided as zero says; they work on"
                                + " different sequences.",
                byDefault = "1")
        int shard,

        @Key(
                value =
                        "Ranks over which each matrix, and between matrices the positions, are divided; they work on the"
                                + " same sequences. Divides the heads of every attention.",
                byDefault = "1")
        int tensor,

        @Key(
                value =
                        "Ranks over which the layers are divided, as pipeline says; each works on all micro-batches of its"
                                + " sequences.",
                byDefault = "1")
        int pipeline,

        @Key(value = "Ranks over which each sequence is divided. Only 1 in this version.", byDefault = "1")
        int context,

        @Key(
                value =
                        "Ranks over which the experts of every mixture are divided: neighbours in a shard group, which send each"
                                + " other the tokens of their experts. Divides shard and every number of experts.",
                byDefault = "1")
        int expert,

        @Key(
                value =
                        "What the shard group divides: 0 nothing (its ranks are replicas), 1 optimizer state, 2 gradients"
                                + " too, 3 parameters too. All give the same numbers. With a pipeline 0 or 1.",
                derived = "3 when shard > 1, with a pipeline 1")
        Optional<Integer> zero,

        @Key(
                value = "Format in which gradients travel to be summed over data ranks; the sums are f32.",
                derived = "f32",
                allowed = {"f32", "bf16"})
        Optional<String> reduce,

        @Key(
                value =
                        "With zero 3: whether a unit's gathered parameters are dropped after its forward pass and gathered"
                                + " again for the backward pass, or kept.",
                derived = "true with zero 3")
        Optional<Boolean> reshardAfterForward,

        @Key(
                value =
                        "With zero 2 or 3 and several micro-batches: whole adds up a rank's whole gradient and reduces it"
                                + " once a step; sharded reduces after every micro-batch, with less memory and more traffic.",
                derived = "whole",
                allowed = {"whole", "sharded"})
        Optional<String> accumulate,

        @Key(
                value =
                        "Savings of ZeRO++ on the wire, with zero 3: qwz gathers parameters as INT8, hpz keeps a second copy"
                                + " of them on each host, qgz reduces gradients as INT4. qwz and qgz change the numbers a little.",
                byDefault = "[]",
                allowed = {"qwz", "hpz", "qgz"})
        List<String> zeropp,

        @Key(
                value =
                        "Algorithm of the collectives. ring and recursive_doubling add in another order, so that layouts no"
                                + " longer give equal bits.",
                derived = "auto",
                allowed = {"auto", "direct", "gather_add", "ring", "recursive_doubling", "hierarchical"})
        Optional<String> algorithm,

        @Key(
                value = "How ranks send to each other; auto takes the fastest for each pair: memory inside a JVM, ipc"
                        + " inside a host, udp between hosts.",
                derived = "auto",
                allowed = {"auto", "shared", "ipc", "udp", "tcp"})
        Optional<String> transport,

        @Key(
                value = "How soon a rank that died or fell silent is found and the run fails, such as 10s.",
                derived = "10s")
        Optional<String> timeout,

        @Key(
                value = "How long a rank waits for one that lives but is late, such as 10m; at least timeout.",
                derived = "10m")
        Optional<String> patience,

        @Key(
                value = "Name or address of the network interface between hosts.",
                derived = "the one that reaches the other hosts")
        Optional<String> bind)
        implements Validated {

    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final int MOST_ZERO_OF_A_PIPELINE = 1;

    /** Where ranks stand. Call only on a valid config. */
    public Mesh mesh() {
        return new Mesh(pipeline, replicate, shard, context, tensor, expert);
    }

    /** The same in words, for one whose ranks need not divide each other. */
    String describe() {
        return new Mesh(pipeline, replicate, shard, context, tensor).describe()
                + (expert > 1 ? " (expert " + expert + ")" : "");
    }

    /** Ranks of the mesh. */
    public int ranks() {
        return new Mesh(pipeline, replicate, shard, context, tensor).ranks();
    }

    /** Parts into which the sequences of a step are divided. */
    public int dataRanks() {
        return replicate * shard;
    }

    /** What the shard group divides, 0 to 3. */
    public int zeroStage() {
        return zero.orElse(shard == 1 ? 0 : pipeline > 1 ? MOST_ZERO_OF_A_PIPELINE : 3);
    }

    /** Format in which gradients travel. */
    public DType reduceType() {
        return reduce.filter("bf16"::equals).isPresent() ? DType.BF16 : DType.F32;
    }

    /** Whether gathered parameters are dropped between forward and backward pass. */
    public boolean reshardsAfterForward() {
        return zeroStage() == 3 && reshardAfterForward.orElse(true);
    }

    /** How parameters, gradients and optimizer state are divided over ranks. */
    public ShardingSettings sharding() {
        return new ShardingSettings(
                zeroStage(), reduceType(), reshardsAfterForward(), !accumulatesSharded(), zeroPlusPlus());
    }

    private Set<ZeroPlusPlus> zeroPlusPlus() {
        return zeropp.stream()
                .map(word -> ZeroPlusPlus.valueOf(word.toUpperCase(Locale.ROOT)))
                .collect(Collectors.toSet());
    }

    /** Whether a rank reduces its gradient after every micro-batch rather than once a step. */
    public boolean accumulatesSharded() {
        return accumulate.filter("sharded"::equals).isPresent();
    }

    /**
     * How the ranks of one attempt communicate.
     *
     * @param runId see {@link CommunicationSettings#runId}
     * @param attempt see {@link CommunicationSettings#attempt}
     * @param secret see {@link CommunicationSettings#secret}
     */
    public CommunicationSettings communication(String runId, int attempt, byte[] secret) {
        CommunicationSettings settings = CommunicationSettings.of(runId, attempt, secret)
                .withTransport(transport.orElse("auto"))
                .withAlgorithm(Algorithm.valueOf(algorithm.orElse("auto").toUpperCase(Locale.ROOT)))
                .withTimes(deadline(), patienceTime());
        return bind.map(settings::withBind).orElse(settings);
    }

    private Duration deadline() {
        return timeout.map(Durations::parse).orElse(CommunicationSettings.DEADLINE);
    }

    private Duration patienceTime() {
        return patience.map(Durations::parse)
                .orElseGet(() -> deadline().compareTo(CommunicationSettings.PATIENCE) > 0
                        ? deadline()
                        : CommunicationSettings.PATIENCE);
    }

    /** The same on another layout. */
    ParallelConfig over(int otherPipeline, int otherReplicate, int otherShard, int otherTensor, int otherExpert) {
        return new ParallelConfig(
                otherReplicate,
                otherShard,
                otherTensor,
                otherPipeline,
                context,
                otherExpert,
                zero,
                reduce,
                reshardAfterForward,
                accumulate,
                zeropp,
                algorithm,
                transport,
                timeout,
                patience,
                bind);
    }

    /** Whether {@link #mesh} has a meaning. */
    boolean hasMesh() {
        long ranks = 1;
        for (int size : new int[] {pipeline, replicate, shard, context, tensor}) {
            ranks = size < 1 ? 0 : Math.min(ranks * size, Mesh.LIMIT + 1L);
        }
        return ranks >= 1 && ranks <= Mesh.LIMIT;
    }

    @Override
    public void validate(Faults faults) {
        positive("replicate", replicate, faults);
        positive("shard", shard, faults);
        positive("tensor", tensor, faults);
        positive("pipeline", pipeline, faults);
        one("context", context, "has no context parallelism", faults);
        positive("expert", expert, faults);
        if (replicate < 1 || shard < 1 || tensor < 1 || pipeline < 1 || expert < 1) {
            return;
        }
        if (context == 1 && !hasMesh()) {
            String stages = pipeline > 1 ? "pipeline " + pipeline + " x " : "";
            faults.add(
                    "",
                    stages + "replicate " + replicate + " x shard " + shard + " x tensor " + tensor
                            + " is more than the " + Mesh.LIMIT + " ranks that a mesh may have",
                    "");
            return;
        }
        validateSharding(faults);
        if (dataRanks() == 1) {
            useless("reduce", reduce, "there is one data rank (replicate 1 x shard 1)", faults);
        }
        validateZeroPlusPlus(faults);
        validateCommunication(faults);
    }

    private void validateSharding(Faults faults) {
        if (zero.isPresent() && (zero.get() < 0 || zero.get() > 3)) {
            faults.add("zero", "is " + zero.get() + ", must be 0, 1, 2 or 3", "");
        } else if (shard == 1) {
            useless("zero", zero, "shard is 1", faults);
        } else if (pipeline > 1 && zeroStage() > MOST_ZERO_OF_A_PIPELINE) {
            faults.add(
                    "zero", "is " + zeroStage() + ", but pipeline is " + pipeline + zeroOfAPipeline(), "write 1 or 0");
            return;
        }
        String stage = shard == 1 ? "shard is 1" : "zero is " + zeroStage();
        if (zeroStage() != 3 || shard == 1) {
            useless("reshard_after_forward", reshardAfterForward, stage, faults);
        }
        if (zeroStage() < 2 || shard == 1) {
            useless("accumulate", accumulate, stage, faults);
        }
    }

    private String zeroOfAPipeline() {
        return zeroStage() == 3
                ? ": each stage's parameters would be gathered again for every micro-batch, forward and backward"
                : ": a rank adds up its whole gradient until the step's end, so that dividing it saves nothing";
    }

    private void validateZeroPlusPlus(Faults faults) {
        if (zeropp.isEmpty()) {
            return;
        }
        if (expert > 1) {
            faults.add(
                    "zeropp",
                    "is " + zeropp + ", but expert is " + expert
                            + ": the savings have not been tried where fewer ranks hold an expert than other weights",
                    "remove the key, or write expert 1");
            return;
        }
        if (pipeline > 1) {
            faults.add(
                    "zeropp",
                    "is " + zeropp + ", which needs zero 3, but pipeline is " + pipeline
                            + ", where parameters are not divided",
                    "remove the key");
            return;
        }
        if (zeroStage() != 3 || shard == 1) {
            useless("zeropp", Optional.of(zeropp), shard == 1 ? "shard is 1" : "zero is " + zeroStage(), faults);
            return;
        }
        Set<String> words = new HashSet<>();
        for (String word : zeropp) {
            if (!words.add(word)) {
                faults.add("zeropp", "is " + zeropp + ", which has " + word + " twice", "write it once");
            }
        }
        if (words.contains("hpz") && shard < 3) {
            faults.add(
                    "zeropp",
                    "has hpz, which needs a shard group of at least 3 ranks, as some must share a host and others be on"
                            + " another, but shard is " + shard,
                    "remove hpz");
        }
        if (words.contains("hpz") && !reshardsAfterForward()) {
            faults.add(
                    "zeropp",
                    "has hpz, but reshard_after_forward is false, where nothing is gathered for the backward pass",
                    "remove one of them");
        }
        if (words.contains("qgz")) {
            useless("reduce", reduce, "zeropp has qgz, which says how gradients travel", faults);
        }
    }

    private void validateCommunication(Faults faults) {
        if (replicate == 1 && shard == 1 && tensor == 1 && pipeline == 1) {
            useless("algorithm", algorithm, "there is one rank", faults);
            useless("transport", transport, "there is one rank", faults);
            useless("timeout", timeout, "there is one rank", faults);
            useless("patience", patience, "there is one rank", faults);
            useless("bind", bind, "there is one rank", faults);
            return;
        }
        if (transport.isPresent() && List.of("shared", "ipc").contains(transport.get())) {
            useless("bind", bind, "transport " + transport.get() + " stays inside a host", faults);
        } else if (bind.isPresent() && bind.get().isBlank()) {
            faults.add(
                    "bind",
                    "is empty, must name a network interface or an address",
                    "remove the key to have it chosen");
        }
        if (duration("timeout", timeout, faults) && duration("patience", patience, faults)) {
            if (deadline().compareTo(SHORTEST) < 0) {
                faults.add("timeout", "is " + Durations.text(deadline()) + ", must be at least 100ms", "10s is usual");
            }
            if (patienceTime().compareTo(deadline()) < 0) {
                faults.add(
                        "patience",
                        "is " + Durations.text(patienceTime()) + ", shorter than parallel.timeout "
                                + Durations.text(deadline()),
                        "10m is usual");
            }
        }
    }

    private static boolean duration(String key, Optional<String> value, Faults faults) {
        try {
            value.ifPresent(Durations::parse);
            return true;
        } catch (IllegalArgumentException wrong) {
            faults.add(key, wrong.getMessage(), "");
            return false;
        }
    }

    private static void positive(String key, int ranks, Faults faults) {
        if (ranks < 1) {
            faults.add(key, "is " + ranks + ", must be at least 1", "");
        }
    }

    private static void one(String key, int ranks, String reason, Faults faults) {
        if (ranks != 1) {
            faults.add(key, "is " + ranks + ", but this version " + reason, "write 1, or remove the key");
        }
    }

    private static void useless(String key, Optional<?> value, String reason, Faults faults) {
        if (value.isPresent()) {
            faults.add(key, "is " + value.get() + ", but " + reason + ", where it would do nothing", "remove the key");
        }
    }
}
