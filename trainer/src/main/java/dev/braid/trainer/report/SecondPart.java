package dev.braid.trainer.report;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageMap;
import java.util.Optional;

/** The actions that drawings set apart from the others of their kind, where a rank has more than one stage. */
final class SecondPart {
    private SecondPart() {}

    /** Whether an action goes in the second direction, or is of every second stage of its rank. */
    static boolean contains(Schedule schedule, Action action) {
        StageMap map = schedule.map();
        int direction = map.direction(action.microbatch(), schedule.microbatches());
        if (map.directions().size() > 1) {
            return direction % 2 == 1;
        }
        return map.stagesOf(map.rank(direction, action.stage())).indexOf(action.stage()) % 2 == 1;
    }

    /** What they are, for a legend; nothing where there are none. */
    static Optional<String> words(StageMap map) {
        if (map.directions().size() > 1) {
            return Optional.of("from the other end");
        }
        if (map.stages() == map.ranks()) {
            return Optional.empty();
        }
        return Optional.of(
                map.equals(StageMap.vShaped(map.ranks())) ? "on the way back" : "every second stage of a rank");
    }
}
