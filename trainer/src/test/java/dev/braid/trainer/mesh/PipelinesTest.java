package dev.braid.trainer.mesh;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every schedule on every layout that {@link PipelineEquivalenceTest} tries some of: ten steps end with the very bits. */
@Tag("long")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PipelinesTest {
    private static final List<PipelineRun> KINDS = List.of(
            PipelineRun.of(4),
            PipelineRun.of(4).recomputing(),
            PipelineRun.of(4).on(Mesh.of(2, 1, 1), 0),
            PipelineRun.of(4).on(Mesh.of(1, 2, 1), 1),
            PipelineRun.of(4).on(Mesh.of(1, 1, 2), 0),
            PipelineRun.of(4).optimistic(),
            PipelineRun.of(4).on(Mesh.of(1, 2, 1), 1).optimistic(),
            PipelineRun.of(4).poisonedAt(4).optimistic());

    private final Map<String, PipelineRun.Outcome> references = new HashMap<>();

    /** A pipeline. */
    record Case(ScheduleName name, int ranks, PipelineRun run) {
        @Override
        public String toString() {
            return name + " on " + ranks + " ranks for " + run;
        }
    }

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (ScheduleName name : ScheduleName.values()) {
            for (int ranks : new int[] {2, 4}) {
                for (int microbatches : new int[] {4, 8, 12}) {
                    if (name.allows(ranks, microbatches)) {
                        KINDS.forEach(kind -> cases.add(new Case(name, ranks, kind.withMicrobatches(microbatches))));
                    }
                }
            }
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void shouldTrainToTheSameBits(Case each) throws Exception {
        PipelineRun.Outcome expected = reference(each);
        PipelineRun.Outcome piped = each.run.pipelined(each.name, each.ranks);
        piped.assertSame(expected);
    }

    private PipelineRun.Outcome reference(Case each) throws Exception {
        String key = (each.name == ScheduleName.DUALPIPE) + " " + each.run.synchronised();
        PipelineRun.Outcome known = references.get(key);
        if (known == null) {
            known = each.run.unpipelined(each.name);
            references.put(key, known);
        }
        return known;
    }
}
