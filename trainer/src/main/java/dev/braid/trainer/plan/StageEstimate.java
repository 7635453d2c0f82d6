package dev.braid.trainer.plan;

import dev.braid.models.Architecture;
import dev.braid.models.StageSplit;
import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.ArrayList;
import java.util.List;

/** What the stages of a pipeline cost, as far as it can be known without running them. The same on every machine. */
public final class StageEstimate {
    private StageEstimate() {}

    /**
     * Times in floating-point operations, memory in bytes, of one micro-batch on one rank of the tensor axis; communication takes
     * no time.
     *
     * @param weightsWait whether the last stage runs I and W apart
     */
    public static StageCosts of(PlanInput input, StageSplit split, boolean weightsWait) {
        Architecture architecture = new Architecture(input.model(), input.vocabulary(), input.compute(), input.place());
        List<StageFlops> flops = StageFlops.of(input, architecture, split, weightsWait);
        LayerTraces layers = new LayerTraces(input);
        List<StageCosts.Stage> stages = new ArrayList<>();
        for (int stage = 0; stage < flops.size(); stage++) {
            StageMemory memory = StageMemory.of(input, layers, split.stages().get(stage));
            stages.add(new StageCosts.Stage(
                    flops.get(stage).forward(),
                    flops.get(stage).input(),
                    flops.get(stage).weight(),
                    memory.activations(),
                    memory.kept()));
        }
        return new StageCosts(stages, 0);
    }

    /** Whether the last stage of a schedule runs I and W apart. */
    public static boolean weightsWait(Schedule schedule) {
        int last = schedule.map().stages() - 1;
        return schedule.ranks().stream()
                .flatMap(List::stream)
                .flatMap(slot -> slot.actions().stream())
                .anyMatch(action -> action.stage() == last && action.kind() == Action.Kind.W);
    }
}
