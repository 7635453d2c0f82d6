package dev.braid.trainer.cli;

import dev.braid.data.ByteSize;
import java.io.IOException;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import picocli.CommandLine;
import picocli.CommandLine.Option;

@CommandLine.Command(
        name = "plan",
        description = "Say what a run needs before it is started: memory of a rank by term, bytes sent by axis, FLOPs.",
        footer = {
            "",
            "Example:",
            "  braid plan examples/bench-llama-32m.yaml",
            "  braid plan examples/bench-llama-32m.yaml --memory 512MiB --rate 150",
            "  braid plan examples/bench-llama-32m.yaml -s parallel.pipeline=2 -s batch.microbatch=2 --compare",
            "",
            "Starts nothing. With --memory it also says whether a rank fits, and what to change if it does not."
        })
final class PlanCommand extends ConfigCommand {
    private static final double GIGA = 1e9;

    private final Actions actions;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "What the tensors of one rank may use, such as 32GB.")
    private String memory;

    @Option(
            names = "--cores",
            paramLabel = "N",
            description = "Cores of a rank, each of which needs scratch memory. Default: its share of this machine's.")
    private Integer cores;

    @Option(
            names = "--ranks-per-host",
            paramLabel = "N",
            description = "Ranks that share a host; tells what experts send to other hosts. Default: not told.")
    private Integer ranksPerHost;

    @Option(
            names = "--rate",
            paramLabel = "GFLOPS",
            description = "GFLOP/s that a rank keeps up, as bench train measures them; adds tokens/s to the plan.")
    private Double rate;

    @Option(
            names = "--compare",
            description = "Table all pipeline schedules for this config, and say which is the fastest that fits.")
    private boolean compare;

    PlanCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        require(cores == null || cores >= 1, "--cores is " + cores + ", must be at least 1");
        require(
                ranksPerHost == null || ranksPerHost >= 1,
                "--ranks-per-host is " + ranksPerHost + ", must be at least 1");
        require(rate == null || rate > 0 && rate < Double.POSITIVE_INFINITY, "--rate is " + rate + ", must be above 0");
        actions.plan(new Actions.Plan(
                experiment(),
                limit(),
                cores == null ? OptionalInt.empty() : OptionalInt.of(cores),
                ranksPerHost == null ? OptionalInt.empty() : OptionalInt.of(ranksPerHost),
                rate == null ? OptionalDouble.empty() : OptionalDouble.of(rate * GIGA),
                compare,
                json()));
    }

    private OptionalLong limit() {
        if (memory == null) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(ByteSize.parse(memory));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("--memory: " + wrong.getMessage(), wrong);
        }
    }
}
