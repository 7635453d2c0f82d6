package dev.braid.trainer.train;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.mesh.Axis;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.parallelism.sharding.PipelineCopies;
import dev.braid.parallelism.sharding.ShardHosts;
import dev.braid.parallelism.sharding.ShardedLayout;
import dev.braid.parallelism.sharding.ShardingGroups;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.parallelism.sharding.ZeroPlusPlus;
import dev.braid.parallelism.tensor.GroupExpertAxis;
import dev.braid.parallelism.tensor.GroupTensorAxis;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.trace.Recorder;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The ranks of a mesh, connected by a fabric. Used by the rank's thread. */
public final class MeshRanks implements RankGroup {
    private static final String AXIS = "world";
    private static final String BALANCE = "balance";

    private final RankGroups groups;
    private final Communicator world;
    private final Communicator balance;
    private final Memory memory;
    private final ExposedTime exposed;
    private final Layout layout;
    private final Optional<PipelineRank> pipeline;

    /** Ranks that are all on one host, in no pipeline. */
    public MeshRanks(RankGroups groups, ShardingSettings sharding, Memory memory, ExposedTime exposed) {
        this(groups, sharding, Collections.nCopies(groups.mesh().ranks(), "host"), Optional.empty(), memory, exposed);
    }

    /**
     * The ranks seen from the one whose groups these are.
     *
     * @param hosts the host of each world rank
     * @param stages of the pipeline, where the mesh has one
     * @param memory of this rank
     * @param exposed where waiting is counted
     * @throws IllegalArgumentException when a saving of ZeRO++ would do nothing on these hosts, or when the stages are for a
     *     pipeline of another number of ranks
     */
    public MeshRanks(
            RankGroups groups,
            ShardingSettings sharding,
            List<String> hosts,
            Optional<PipelineLayout> stages,
            Memory memory,
            ExposedTime exposed) {
        // An untied head has no unit of its own, and few models predict further tokens: names more do no harm.
        this(
                groups,
                sharding,
                hosts,
                stages.map(each -> copies(
                                groups, each.schedule().map(), each.split().units(true, true)))
                        .orElse(PipelineCopies.NONE),
                stages.map(each -> new PipelineRank(each, groups, pipelineGroup(groups, "stages"), memory, exposed)),
                memory,
                exposed);
        int pipelineRanks = stages.map(each -> each.schedule().map().ranks()).orElse(1);
        if (pipelineRanks != groups.mesh().pipeline()) {
            throw new IllegalArgumentException("stages for a pipeline of " + pipelineRanks + " ranks on a mesh of "
                    + groups.mesh().describe());
        }
    }

    /**
     * Ranks that hold stages of a pipeline without a schedule for them.
     *
     * @param copies who holds its stages too along the pipeline, see {@link #copies}
     */
    public MeshRanks(
            RankGroups groups,
            ShardingSettings sharding,
            List<String> hosts,
            PipelineCopies copies,
            Memory memory,
            ExposedTime exposed) {
        this(groups, sharding, hosts, copies, Optional.empty(), memory, exposed);
    }

    private MeshRanks(
            RankGroups groups,
            ShardingSettings sharding,
            List<String> hosts,
            PipelineCopies copies,
            Optional<PipelineRank> pipeline,
            Memory memory,
            ExposedTime exposed) {
        if (sharding.zeroPlusPlus().contains(ZeroPlusPlus.HPZ)) {
            ShardHosts.requireUseOfCopies(groups.mesh(), hosts);
        }
        this.groups = groups;
        this.world = groups.world();
        this.balance = groups.fabric().group("balance", groups.data().members());
        this.memory = memory;
        this.exposed = exposed;
        this.pipeline = pipeline;
        TensorAxis axis =
                groups.tensor().size() == 1 ? TensorAxis.SINGLE : new GroupTensorAxis(groups.tensor(), exposed);
        ShardingGroups shards = new ShardingGroups(
                groups.fabric(),
                ShardHosts.of(groups.mesh(), groups.fabric().rank(), hosts),
                groups.replicate().members(),
                groups.tensor().members(),
                copies);
        this.layout = groups.mesh().expert() == 1
                ? new ShardedLayout(axis, shards, sharding, exposed)
                : new ShardedLayout(
                        axis,
                        expertAxis(groups, hosts, exposed),
                        shards,
                        shards.ofExperts(ShardHosts.ofSameExperts(
                                groups.mesh(), groups.fabric().rank(), hosts)),
                        sharding,
                        exposed);
    }

    /**
     * Who holds the stages of this rank too along its pipeline; gradients travel there in a group of their own.
     *
     * @param units names of the units of each stage
     */
    public static PipelineCopies copies(RankGroups groups, StageMap map, List<List<String>> units) {
        return new PipelineCopies(pipelineGroup(groups, "gradients"), map, units);
    }

    private static GroupExpertAxis expertAxis(RankGroups groups, List<String> hosts, ExposedTime exposed) {
        List<Integer> members = groups.mesh().expertGroup(groups.fabric().rank());
        return new GroupExpertAxis(
                groups.fabric().group("expert", members),
                ExpertHosts.of(members.stream().map(hosts::get).toList()),
                exposed);
    }

    /** The ranks of this one's pipeline, for one purpose. */
    private static Communicator pipelineGroup(RankGroups groups, String purpose) {
        return groups.fabric()
                .group("pipeline." + purpose, groups.along(Axis.PIPELINE).members());
    }

    @Override
    public int rank() {
        return world.rank();
    }

    @Override
    public int ranks() {
        return world.size();
    }

    @Override
    public int dataRanks() {
        return groups.mesh().dataRanks();
    }

    @Override
    public int dataRank() {
        return groups.data().rank();
    }

    @Override
    public boolean countsLosses() {
        return groups.tensor().rank() == 0;
    }

    @Override
    public Layout layout() {
        return layout;
    }

    @Override
    public Optional<PipelineRank> pipeline() {
        return pipeline;
    }

    @Override
    public void sum(int[] values) {
        await(AXIS, values, tensor -> world.allReduce(tensor, ReduceOp.SUM));
    }

    @Override
    public void sumOverData(int[] values) {
        if (balance.size() > 1) {
            await(BALANCE, values, tensor -> balance.allReduce(tensor, ReduceOp.SUM));
        }
    }

    private interface Start {
        Handle on(Tensor tensor);
    }

    /** Runs a collective on {@code values}, in place. */
    private void await(String axis, int[] values, Start start) {
        Tensor tensor = memory.allocate(Category.COMMUNICATION, DType.I32, Shape.of(values.length));
        try {
            tensor.setInts(values);
            exposed.await(axis, start.on(tensor));
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.getInt(i);
            }
        } finally {
            tensor.release();
        }
    }

    @Override
    public byte[] broadcast(byte[] content) {
        int[] length = {content.length};
        await(AXIS, length, tensor -> world.broadcast(tensor, 0));
        byte[] result = Arrays.copyOf(content, length[0]);
        Tensor bytes = bytes(result);
        try {
            exposed.await(AXIS, world.broadcast(bytes, 0));
            bytes.copyTo(0, result.length, MemorySegment.ofArray(result));
        } finally {
            bytes.release();
        }
        return result;
    }

    @Override
    public List<byte[]> gather(byte[] content) {
        int[] lengths = new int[ranks()];
        lengths[rank()] = content.length;
        sum(lengths);
        int longest = Arrays.stream(lengths).max().orElse(0);
        Tensor mine = bytes(Arrays.copyOf(content, longest));
        Tensor all = rank() == 0 ? bytes(new byte[Math.multiplyExact(longest, ranks())]) : null;
        try {
            exposed.await(AXIS, world.gather(mine, all, 0));
            return all == null ? List.of() : split(all, longest, lengths);
        } finally {
            mine.release();
            if (all != null) {
                all.release();
            }
        }
    }

    @Override
    public Map<String, Long> takeExposed() {
        return exposed.take();
    }

    @Override
    public void record(Recorder recorder) {
        exposed.record(recorder);
        groups.fabric().record(recorder);
    }

    @Override
    public String place() {
        return groups.coordinate().describe(groups.mesh());
    }

    private static List<byte[]> split(Tensor all, int longest, int[] lengths) {
        List<byte[]> contents = new ArrayList<>();
        for (int rank = 0; rank < lengths.length; rank++) {
            byte[] content = new byte[lengths[rank]];
            all.copyTo((long) rank * longest, content.length, MemorySegment.ofArray(content));
            contents.add(content);
        }
        return contents;
    }

    private Tensor bytes(byte[] content) {
        Tensor tensor = memory.allocate(Category.COMMUNICATION, DType.I8, Shape.of(content.length));
        tensor.copyFrom(0, content.length, MemorySegment.ofArray(content));
        return tensor;
    }
}
