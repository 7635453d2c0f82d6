package dev.braid.trainer.train;

import dev.braid.models.Decoder;
import dev.braid.models.StageSplit;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.parallelism.pipeline.PipelineExecutor;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageModel;
import dev.braid.tensor.Memory;
import java.util.List;

/** One rank's place in a pipeline. Used by the rank's thread. */
public final class PipelineRank {
    private final PipelineLayout layout;
    private final RankGroups groups;
    private final Communicator stages;
    private final Memory memory;
    private final ExposedTime exposed;

    /**
     * A place.
     *
     * @param stages the pipeline's ranks in order, for what stages pass on and for nothing else
     * @param exposed where waiting is counted
     */
    PipelineRank(PipelineLayout layout, RankGroups groups, Communicator stages, Memory memory, ExposedTime exposed) {
        this.layout = layout;
        this.groups = groups;
        this.stages = stages;
        this.memory = memory;
        this.exposed = exposed;
    }

    /** Who works on what when. */
    public Schedule schedule() {
        return layout.schedule();
    }

    /** How the model is cut. */
    public StageSplit split() {
        return layout.split();
    }

    /** This one's place in the pipeline, from 0. */
    public int rank() {
        return stages.rank();
    }

    /** The stages that this rank holds. */
    public List<Integer> stages() {
        return layout.schedule().map().stagesOf(stages.rank());
    }

    /** Carries the schedule out with this rank's stages. */
    PipelineExecutor executor(StageModel model) {
        return new PipelineExecutor(layout.schedule(), model, stages, memory, exposed);
    }

    /** Adds up totals over all ranks without a barrier; all ranks make one. */
    TotalsFlow totalsFlow() {
        return new TotalsFlow(groups, layout.schedule().map(), memory, exposed);
    }

    /** Makes text with all ranks of the pipeline. */
    PipelinedGeneration generation(Decoder model) {
        Communicator text = groups.fabric().group("pipeline.text", stages.members());
        return new PipelinedGeneration(model, layout.schedule().map(), text, exposed);
    }
}
