package dev.braid.trainer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code braid schedule}. */
@CommandLine.Command(
        name = "schedule",
        description = "Show a pipeline schedule: its orders, a drawing, makespan, bubble and memory.",
        footer = {
            "",
            "Example:",
            "  braid schedule zb-h1 --ranks 4 --micro-batches 8",
            "  braid schedule zb-v --ranks 8 --micro-batches 24 --times 18.5,18.1,9.3,0.6 --svg zb-v.svg",
            "  braid schedule 1f1b --ranks 4 --micro-batches 8 --save mine.txt",
            "  braid schedule mine.txt",
            "  braid schedule mine.txt --diff 1f1b",
            "",
            "Starts nothing. Actions are F (forward), I (gradient of a stage's input), W (gradient of its weights) and",
            "B (both). Peaks are in units of what one full stage keeps for one micro-batch; a rank has one full stage,",
            "in as many parts as it has stages. JSON: name, ranks, stages, micro_batches, actions, makespan, span,",
            "bubble_rate, peak."
        })
final class ScheduleCommand extends Command {
    private static final int MOST_RANKS = 1024;
    private static final int MOST_MICROBATCHES = 65536;

    private final Actions actions;

    @Parameters(
            paramLabel = "NAME",
            description =
                    "gpipe, 1f1b, interleaved, zb-h1, zb-h2, zb-1p, zb-2p, zb-v, v-half, v-min, dualpipe, dualpipe-v,"
                            + " or a file with a schedule.")
    private String name;

    @Option(names = "--ranks", paramLabel = "P", description = "Ranks of the pipeline. A file says it itself.")
    private Integer ranks;

    @Option(
            names = "--micro-batches",
            paramLabel = "M",
            description = "Micro-batches of a step, over all directions. A file says it itself.")
    private Integer microbatches;

    @Option(
            names = "--virtual-stages",
            paramLabel = "V",
            description = "Stages a rank, for schedules that leave a choice. Default: the schedule's own.")
    private Integer virtualStages;

    @Option(
            names = "--times",
            paramLabel = "F,I,W,C",
            defaultValue = "1,1,1,0",
            description =
                    "Times of one full stage: forward, gradient of the input, gradient of the weights; and time that a"
                            + " result takes from rank to rank. Default: ${DEFAULT-VALUE}.")
    private String times;

    @Option(
            names = "--kept",
            paramLabel = "X",
            defaultValue = "1",
            description =
                    "Part of a stage's activations that is held after I, for W: 0 to 1. Default: ${DEFAULT-VALUE}.")
    private double kept;

    @Option(
            names = "--memory-limit",
            paramLabel = "X",
            description = "Most that a rank may hold, in units of one full stage of one micro-batch.")
    private Double memoryLimit;

    @Option(names = "--save", paramLabel = "FILE", description = "Write the schedule as text that NAME can be.")
    private Path save;

    @Option(names = "--svg", paramLabel = "FILE", description = "Write the drawing as SVG.")
    private Path svg;

    @Option(
            names = "--diff",
            paramLabel = "OTHER",
            description = "Print instead in what NAME differs from this one, a name or a file.")
    private String other;

    ScheduleCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        atLeastOne("--ranks", ranks, MOST_RANKS);
        atLeastOne("--micro-batches", microbatches, MOST_MICROBATCHES);
        atLeastOne("--virtual-stages", virtualStages, MOST_RANKS);
        require(
                memoryLimit == null || memoryLimit > 0 && Double.isFinite(memoryLimit),
                "--memory-limit is " + memoryLimit + ", must be above 0");
        require(kept >= 0 && kept <= 1, "--kept is " + kept + ", must be 0 to 1");
        actions.showSchedule(new Actions.ShowSchedule(
                name,
                optional(ranks),
                optional(microbatches),
                optional(virtualStages),
                actionTimes(),
                kept,
                memoryLimit == null ? OptionalDouble.empty() : OptionalDouble.of(memoryLimit),
                Optional.ofNullable(save),
                Optional.ofNullable(svg),
                Optional.ofNullable(other),
                json()));
    }

    private static void atLeastOne(String option, Integer value, int most) {
        require(value == null || value >= 1 && value <= most, option + " is " + value + ", must be 1 to " + most);
    }

    private static OptionalInt optional(Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    private Actions.ActionTimes actionTimes() {
        List<Double> parsed = new ArrayList<>();
        for (String word : times.split(",", -1)) {
            parsed.add(time(word.strip()));
        }
        String wrong = "--times is '" + times
                + "', must be four numbers of 0 or more, F,I,W,C, of which the first three are" + " not all 0";
        require(parsed.size() == 4 && parsed.stream().allMatch(time -> time >= 0 && Double.isFinite(time)), wrong);
        require(parsed.get(0) + parsed.get(1) + parsed.get(2) > 0, wrong);
        return new Actions.ActionTimes(parsed.get(0), parsed.get(1), parsed.get(2), parsed.get(3));
    }

    /** NaN for what is no number. */
    private static double time(String word) {
        try {
            return Double.parseDouble(word);
        } catch (NumberFormatException wrong) {
            return Double.NaN;
        }
    }
}
