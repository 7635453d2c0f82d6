package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.config.Spelling;
import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.ScheduleFault;
import dev.braid.parallelism.pipeline.ScheduleValidator;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.schedules.ScheduleDifference;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.ScheduleRequest;
import dev.braid.parallelism.pipeline.schedules.ScheduleText;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.report.ScheduleChart;
import dev.braid.trainer.report.ScheduleFigures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** {@code braid schedule}. */
final class ScheduleAction {
    private final Console console;

    ScheduleAction(Console console) {
        this.console = console;
    }

    void run(Actions.ShowSchedule request) throws IOException {
        Schedule schedule = schedule(request);
        StageCosts costs = costs(schedule.map().stages(), schedule.map().ranks(), request);
        Optional<ScheduleFault> fault = request.memoryLimit().isPresent()
                ? ScheduleValidator.check(schedule, costs, request.memoryLimit().getAsDouble())
                : ScheduleValidator.check(schedule);
        if (fault.isPresent()) {
            throw new IllegalArgumentException("schedule " + schedule.name() + " can't be carried out: " + fault.get());
        }
        Simulation simulation = Simulator.run(schedule, costs, Overlap.TOGETHER);
        if (request.save().isPresent()) {
            Files.writeString(request.save().get(), ScheduleText.print(schedule));
        }
        if (request.svg().isPresent()) {
            Files.writeString(request.svg().get(), ScheduleChart.page(simulation));
        }
        if (request.other().isPresent()) {
            differences(schedule, request);
        } else if (request.json()) {
            console.out().println(new ObjectMapper().writeValueAsString(facts(simulation)));
        } else {
            console.out().print(ScheduleFigures.of(simulation));
        }
    }

    /** From another one, for as many ranks and micro-batches where its name alone does not say. */
    private void differences(Schedule schedule, Actions.ShowSchedule request) throws IOException {
        String name = request.other().orElseThrow();
        boolean named = ScheduleName.find(name).isPresent();
        Schedule other = schedule(request.of(
                name,
                named ? OptionalInt.of(schedule.map().ranks()) : OptionalInt.empty(),
                named ? OptionalInt.of(schedule.microbatches()) : OptionalInt.empty()));
        List<String> lines = ScheduleDifference.between(schedule, other);
        if (request.json()) {
            console.out().println(new ObjectMapper().writeValueAsString(Map.of("differences", lines)));
            return;
        }
        console.out().println(lines.isEmpty() ? "no difference" : request.name() + " | " + name);
        lines.forEach(console.out()::println);
    }

    /** A rank has one full stage, in as many equal parts as the model has stages a rank. */
    private static StageCosts costs(int stages, int ranks, Actions.ShowSchedule request) {
        Actions.ActionTimes times = request.times();
        double part = (double) ranks / stages;
        StageCosts.Stage stage = new StageCosts.Stage(
                times.forward() * part, times.input() * part, times.weight() * part, part, request.kept() * part);
        return new StageCosts(Collections.nCopies(stages, stage), times.communication());
    }

    private static Schedule schedule(Actions.ShowSchedule request) throws IOException {
        Optional<ScheduleName> name = ScheduleName.find(request.name());
        if (name.isPresent()) {
            return named(name.get(), request);
        }
        Path file = Path.of(request.name());
        if (!Files.isRegularFile(file)) {
            String hint = Spelling.hint(request.name(), ScheduleName.labels());
            throw new IllegalArgumentException("there is no schedule and no file '" + request.name()
                    + "'; schedules are " + String.join(", ", ScheduleName.labels())
                    + (hint.isEmpty() ? "" : "; " + hint));
        }
        return read(file, request);
    }

    private static Schedule named(ScheduleName name, Actions.ShowSchedule request) {
        ScheduleRequest wanted = new ScheduleRequest(
                needed("--ranks", request.ranks()),
                needed("--micro-batches", request.microbatches()),
                request.virtualStages(),
                Optional.empty(),
                request.memoryLimit());
        if (!Schedules.faults(name, wanted).isEmpty()) {
            return Schedules.of(name, wanted);
        }
        int stages = Schedules.map(name, wanted).stages();
        return Schedules.of(name, wanted.withCosts(costs(stages, wanted.ranks(), request)));
    }

    private static int needed(String option, OptionalInt value) {
        return value.orElseThrow(
                () -> new IllegalArgumentException(option + " is missing; only a file with a schedule says it itself"));
    }

    private static Schedule read(Path file, Actions.ShowSchedule request) throws IOException {
        Schedule schedule;
        try {
            schedule = ScheduleText.parse(Files.readString(file));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(
                    file + ":\n" + wrong.getMessage().indent(2).stripTrailing(), wrong);
        }
        same("--ranks", request.ranks(), schedule.map().ranks(), file);
        same("--micro-batches", request.microbatches(), schedule.microbatches(), file);
        if (request.virtualStages().isPresent()) {
            throw new IllegalArgumentException(
                    "--virtual-stages is for schedules by name; " + file + " says itself where its stages are");
        }
        return schedule;
    }

    private static void same(String option, OptionalInt asked, int there, Path file) {
        if (asked.isPresent() && asked.getAsInt() != there) {
            throw new IllegalArgumentException(option + " is " + asked.getAsInt() + ", but " + file + " is for " + there
                    + "; leave the option out");
        }
    }

    private static Map<String, Object> facts(Simulation simulation) {
        Schedule schedule = simulation.schedule();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("name", schedule.name());
        facts.put("ranks", schedule.map().ranks());
        facts.put("stages", schedule.map().stages());
        facts.put("micro_batches", schedule.microbatches());
        facts.put(
                "actions",
                schedule.ranks().stream()
                        .map(order -> order.stream().map(Slot::toString).toList())
                        .toList());
        facts.put("makespan", simulation.makespan());
        facts.put("span", simulation.span());
        facts.put("bubble_rate", simulation.bubbleRate());
        facts.put("peak", peaks(simulation));
        return facts;
    }

    private static List<Double> peaks(Simulation simulation) {
        return IntStream.range(0, simulation.ranks().size())
                .mapToObj(simulation::peak)
                .toList();
    }
}
