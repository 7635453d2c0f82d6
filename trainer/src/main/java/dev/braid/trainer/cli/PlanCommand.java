package dev.braid.trainer.cli;

import dev.braid.data.ByteSize;
import java.io.IOException;
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
            "  braid plan examples/bench-llama-32m.yaml -s parallel.shard=4 --memory 256MB",
            "",
            "Starts nothing. With --memory it also says whether a rank fits, and what to change if it does not."
        })
final class PlanCommand extends ConfigCommand {
    private final Actions actions;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "What the tensors of one rank may use, such as 32GB.")
    private String memory;

    PlanCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        actions.plan(new Actions.Plan(experiment(), limit(), json()));
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
