package dev.braid.trainer.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.braid.config.Spelling;
import dev.braid.data.ByteSize;
import dev.braid.parallelism.Algorithm;
import dev.braid.tensor.DType;
import dev.braid.trainer.bench.CommOperation;
import dev.braid.trainer.bench.CommPlan;
import dev.braid.trainer.report.Format;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code braid bench comm}. */
@CommandLine.Command(
        name = "comm",
        description = "Measure collectives between ranks of this host: latency and bus bandwidth (as nccl-tests).",
        footer = {
            "",
            "Example:",
            "  braid bench comm --ops all_reduce --sizes 4KiB,16MiB",
            "  braid bench comm --ranks 4 --processes --transport auto,udp,tcp",
            "",
            "The size is that of the whole tensor: all_gather's output, reduce_scatter's input. Every result is checked",
            "before it is timed. JSON: op, bytes, ranks, transport, median_us, busbw_gbps (10^9 bytes/s), ..."
        })
final class BenchCommCommand extends Command {
    private static final int MOST_RANKS = 64;
    private static final List<String> TRANSPORTS = List.of("auto", "shared", "ipc", "udp", "tcp");
    private static final List<String> ALGORITHMS = Arrays.stream(Algorithm.values())
            .map(algorithm -> algorithm.name().toLowerCase(Locale.ROOT))
            .toList();

    private final Actions actions;

    @Option(
            names = "--ranks",
            paramLabel = "N",
            defaultValue = "2",
            description = "How many, 2 to 64. Default: ${DEFAULT-VALUE}.")
    private int ranks;

    @Option(names = "--processes", description = "Each rank in a JVM of its own, not a thread of this one.")
    private boolean processes;

    @Option(
            names = "--sizes",
            paramLabel = "SIZE",
            split = ",",
            defaultValue = "4KiB,64KiB,1MiB,16MiB",
            description = "Bytes of the whole tensor. Default: ${DEFAULT-VALUE}.")
    private List<String> sizes;

    @Option(
            names = "--ops",
            paramLabel = "OP",
            split = ",",
            defaultValue = "all_reduce,all_gather,reduce_scatter,all_to_all,broadcast,send_receive,barrier",
            description = "Operations. Default: all_reduce, all_gather, reduce_scatter, all_to_all, broadcast,"
                    + " send_receive, barrier.")
    private List<String> operations;

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "auto",
            description = "auto, shared, ipc, udp or tcp; several are measured one after the other."
                    + " Default: ${DEFAULT-VALUE}.")
    private List<String> transports;

    @Option(
            names = "--algorithm",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "auto, direct, gather_add, ring, recursive_doubling, tree or hierarchical."
                    + " Default: ${DEFAULT-VALUE}.")
    private String algorithm;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "f32",
            description = "f32 or bf16. Default: ${DEFAULT-VALUE}.")
    private String dtype;

    @Option(
            names = "--memory",
            paramLabel = "KIND",
            defaultValue = "shared",
            description = "Whether other processes can read tensors in place: shared or private."
                    + " Default: ${DEFAULT-VALUE}.")
    private String memory;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            description = "Measured runs, after a warm-up. Default: 50 up to 64 KiB, 10 above.")
    private Integer repeats;

    @Option(names = "--preflight", description = "Print all checks of this host and the cost model.")
    private boolean preflight;

    BenchCommCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        require(ranks >= 2 && ranks <= MOST_RANKS, "--ranks is " + ranks + ", must be 2 to " + MOST_RANKS);
        require(repeats == null || repeats >= 1, "--repeats is " + repeats + ", must be at least 1");
        transports.forEach(transport -> known("--transport", transport, TRANSPORTS));
        require(
                !processes || !transports.contains("shared"),
                "--transport shared joins ranks of one JVM; with --processes take auto, ipc, udp or tcp");
        known("--algorithm", algorithm, ALGORITHMS);
        actions.benchComm(new Actions.BenchComm(
                ranks,
                processes,
                plan(),
                List.copyOf(transports),
                Algorithm.valueOf(algorithm.toUpperCase(Locale.ROOT)),
                preflight,
                json()));
    }

    private CommPlan plan() {
        operations.forEach(operation -> known("--ops", operation, CommOperation.words()));
        known("--dtype", dtype, List.of("f32", "bf16"));
        known("--memory", memory, List.of("shared", "private"));
        try {
            CommPlan plan = CommPlan.of(
                    operations.stream()
                            .map(operation -> CommOperation.of(operation).orElseThrow())
                            .toList(),
                    sizes.stream().map(ByteSize::parse).toList(),
                    DType.valueOf(dtype.toUpperCase(Locale.ROOT)),
                    memory.equals("shared"),
                    repeats == null ? 0 : repeats);
            checkMemory(plan);
            return plan;
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("--sizes: " + wrong.getMessage(), wrong);
        }
    }

    /** The system would kill the program, or others, in the middle of it. */
    private void checkMemory(CommPlan plan) {
        long largest = plan.sizes().stream().mapToLong(Long::longValue).max().orElse(0);
        double needed = 2.0 * largest * ranks;
        long there = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        require(
                needed < there,
                ranks + " ranks with tensors of " + largest + " bytes need about " + Format.bytes(needed)
                        + ", more than this machine has; take smaller sizes or fewer ranks");
    }

    private static void known(String option, String word, List<String> allowed) {
        String hint = Spelling.hint(word, allowed);
        require(
                allowed.contains(word),
                option + ": '" + word + "' is none of " + String.join(", ", allowed)
                        + (hint.isEmpty() ? "" : "; " + hint));
    }
}
