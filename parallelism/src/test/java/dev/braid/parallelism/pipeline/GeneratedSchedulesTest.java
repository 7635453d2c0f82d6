package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.ScheduleFault.Rule;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.ScheduleRequest;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The validator against the schedules that the program makes, and against changes of them that break a rule. */
final class GeneratedSchedulesTest {
    private static final int MUTATIONS = 1000;

    /** All requests of a schedule that are defined, for these ranks and micro-batches. */
    private static List<ScheduleRequest> requests(ScheduleName name, int[] ranks, int[] microbatches) {
        List<ScheduleRequest> requests = new ArrayList<>();
        for (int rankCount : ranks) {
            for (int microbatchCount : microbatches) {
                ScheduleRequest request = ScheduleRequest.of(rankCount, microbatchCount);
                List.of(request, request.withChunks(3)).stream()
                        .filter(defined -> Schedules.faults(name, defined).isEmpty())
                        .forEach(requests::add);
            }
        }
        return requests;
    }

    private static void accept(ScheduleName name, int[] ranks, int[] microbatches) {
        List<ScheduleRequest> requests = requests(name, ranks, microbatches);
        assertThat(requests).isNotEmpty();
        for (ScheduleRequest request : requests) {
            assertThat(ScheduleValidator.check(Schedules.of(name, request)))
                    .as("%s of %s", name, request)
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldAcceptWhatTheProgramMakes(ScheduleName name) {
        accept(name, new int[] {1, 2, 3, 4, 7, 8, 16}, new int[] {1, 2, 3, 5, 8, 13, 16, 32, 37});
    }

    @Tag("long")
    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldAcceptWhatTheProgramMakesForAnyRanksAndMicrobatches(ScheduleName name) {
        accept(
                name,
                IntStream.rangeClosed(1, 16).toArray(),
                IntStream.rangeClosed(1, 64).toArray());
    }

    /** A thousand schedules that are wrong, each for the reason that the rules' definitions give. */
    @Test
    void shouldRefuseMutationsWithTheRuleThatTheyBreak() {
        SplittableRandom random = new SplittableRandom(5);
        Map<Rule, Integer> found = new EnumMap<>(Rule.class);
        Map<Mutation, Integer> refused = new EnumMap<>(Mutation.class);
        int harmless = 0;
        for (int wrong = 0; wrong < MUTATIONS; ) {
            Mutation mutation = Mutation.values()[random.nextInt(Mutation.values().length)];
            Schedule schedule = mutation.apply(any(random), random);
            Set<Rule> broken = BrokenRules.of(schedule);
            Optional<ScheduleFault> fault = ScheduleValidator.check(schedule);
            assertThat(fault.map(ScheduleFault::rule))
                    .as("%s of %s: %s", mutation, schedule, fault)
                    .isEqualTo(broken.stream().min(Rule::compareTo));
            if (fault.isEmpty()) {
                harmless++;
                continue;
            }
            assertThat(namesItsPlace(schedule, fault.get()))
                    .as("%s of %s", fault, schedule)
                    .isTrue();
            found.merge(fault.get().rule(), 1, Integer::sum);
            refused.merge(mutation, 1, Integer::sum);
            wrong++;
        }
        assertThat(refused).containsOnlyKeys(Mutation.values());
        assertThat(found.values()).allSatisfy(count -> assertThat(count).isGreaterThan(10));
        assertThat(found)
                .containsOnlyKeys(
                        Rule.KNOWN,
                        Rule.PLACEMENT,
                        Rule.ONCE,
                        Rule.COMPLETE,
                        Rule.PAIR,
                        Rule.ORDER,
                        Rule.SUMS,
                        Rule.LINK,
                        Rule.DEADLOCK);
        assertThat(harmless).isPositive();
    }

    private static Schedule any(SplittableRandom random) {
        while (true) {
            ScheduleName name = ScheduleName.values()[random.nextInt(ScheduleName.values().length)];
            ScheduleRequest request = ScheduleRequest.of(random.nextInt(2, 5), random.nextInt(1, 13));
            if (Schedules.faults(name, request).isEmpty()) {
                return Schedules.of(name, request);
            }
        }
    }

    /** A fault names an action that is there, or, when one is missing, the end of the order that lacks it. */
    private static boolean namesItsPlace(Schedule schedule, ScheduleFault fault) {
        List<Action> actions = schedule.actions(fault.rank());
        return fault.rule() == Rule.COMPLETE
                ? !actions.contains(fault.action()) && fault.position() == actions.size()
                : actions.get(fault.position()).equals(fault.action());
    }

    /** Each generated schedule needs what its rank with the most needs, and not a bit less. */
    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldHoldEachRankToALimitOfMemory(ScheduleName name) {
        Schedule schedule = Schedules.of(name, 4, 8);
        int stages = schedule.map().stages();
        StageCosts costs = StageCosts.equal(stages, stages / 4, 1, 1, 1, 0);
        Simulation simulation = Simulator.run(schedule, costs, Overlap.TOGETHER);
        double peak = IntStream.range(0, 4).mapToDouble(simulation::peak).max().orElseThrow();
        assertThat(ScheduleValidator.check(schedule, costs, peak)).isEmpty();
        ScheduleFault fault =
                ScheduleValidator.check(schedule, costs, peak - 0.25).orElseThrow();
        assertThat(fault.rule()).isEqualTo(Rule.MEMORY);
        assertThat(fault.action().kind()).isEqualTo(Action.Kind.F);
        assertThat(simulation.peak(fault.rank())).isEqualTo(peak);
    }
}
