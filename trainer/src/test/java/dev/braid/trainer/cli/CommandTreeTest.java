package dev.braid.trainer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.Algorithm;
import dev.braid.tensor.DType;
import dev.braid.trainer.bench.CommOperation;
import dev.braid.trainer.bench.CommPlan;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.Curve;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CommandTreeTest {
    private static final String TINY = "../examples/tiny.yaml";

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final RecordingActions actions = new RecordingActions();
    private CommandTree braid;

    @BeforeEach
    void build() {
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false);
        braid = new CommandTree(console, actions);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shouldTrainWithOverridesAndMaster() {
        int code = braid.run("train", TINY, "-s", "seed=7", "--set=train.steps=3", "--master", "local[2]", "--json");
        assertThat(code).isEqualTo(CommandTree.DONE);
        Actions.Train request = actions.only(Actions.Train.class);
        assertThat(request.experiment().seed()).isEqualTo(7);
        assertThat(request.experiment().train().steps()).isEqualTo(3);
        assertThat(request.master()).contains("local[2]");
        assertThat(request.json()).isTrue();
    }

    @Test
    void shouldLeaveTheMasterOpenWhenNoneIsGiven() {
        assertThat(braid.run("data", "prepare", TINY)).isZero();
        assertThat(actions.only(Actions.Prepare.class).master()).isEmpty();
    }

    @Test
    void shouldShowSamplesOrWriteBatches() {
        assertThat(braid.run("data", "show", TINY)).isZero();
        Actions.Show request = actions.only(Actions.Show.class);
        assertThat(request.steps()).isEmpty();
        assertThat(request.out()).isEmpty();
        assertThat(braid.run("data", "show", TINY, "--steps", "50", "--out", "b.safetensors"))
                .isZero();
        request = (Actions.Show) actions.requests.get(1);
        assertThat(request.steps()).isEqualTo(OptionalInt.of(50));
        assertThat(request.out()).isEqualTo(Optional.of(Path.of("b.safetensors")));
    }

    @Test
    void shouldExport() {
        assertThat(braid.run("export", "runs/a", "--to", "hf", "--out", "hf")).isZero();
        assertThat(actions.requests).containsExactly(new Actions.Export(Path.of("runs/a"), Path.of("hf"), false));
    }

    @Test
    void shouldImport() {
        assertThat(braid.run("import", "hf", "--out", "ckpt", "--json")).isZero();
        assertThat(actions.requests).containsExactly(new Actions.Import(Path.of("hf"), Path.of("ckpt"), true));
    }

    @Test
    void shouldScore() {
        assertThat(braid.run("score", "c", "--tokens", "t", "--out", "o", "--logits"))
                .isZero();
        assertThat(actions.requests)
                .containsExactly(new Actions.Score(Path.of("c"), Path.of("t"), Path.of("o"), true, false));
    }

    @Test
    void shouldSampleWithDefaults() {
        assertThat(braid.run("sample", "c", "--prompt", "int x")).isZero();
        assertThat(actions.requests)
                .containsExactly(new Actions.Sample(Path.of("c"), "int x", 200, 0.8, 0.95, 1234, false));
    }

    @Test
    void shouldBenchmark() {
        assertThat(braid.run(
                        "bench", "train", TINY, "--steps", "4", "--warmup", "3", "--profile", "--timeline", "t.json"))
                .isZero();
        Actions.Bench request = actions.only(Actions.Bench.class);
        assertThat(request.steps()).isEqualTo(4);
        assertThat(request.warmUp()).isEqualTo(Duration.ofSeconds(3));
        assertThat(request.profile()).isTrue();
        assertThat(request.trace()).contains(Path.of("t.json"));
    }

    @Test
    void shouldMeasureCollectivesWithDefaults() {
        assertThat(braid.run("bench", "comm")).isZero();
        Actions.BenchComm request = actions.only(Actions.BenchComm.class);
        assertThat(request.ranks()).isEqualTo(2);
        assertThat(request.processes()).isFalse();
        assertThat(request.transports()).containsExactly("auto");
        assertThat(request.algorithm()).isEqualTo(Algorithm.AUTO);
        assertThat(request.plan().operations()).containsExactly(CommOperation.values());
        assertThat(request.plan().sizes()).containsExactly(4096L, 65536L, 1048576L, 16777216L);
        assertThat(request.plan().dtype()).isEqualTo(DType.F32);
        assertThat(request.plan().sharedMemory()).isTrue();
    }

    @Test
    void shouldMeasureTheCollectivesThatWereAskedFor() {
        assertThat(braid.run(("bench comm --ranks 4 --processes --sizes 64KiB,1MB --ops all_reduce,barrier"
                                + " --transport ipc,udp --algorithm recursive_doubling --dtype bf16 --memory private"
                                + " --repeats 7 --preflight --json")
                        .split(" ")))
                .isZero();
        CommPlan plan = CommPlan.of(
                List.of(CommOperation.ALL_REDUCE, CommOperation.BARRIER),
                List.of(65536L, 1000000L),
                DType.BF16,
                false,
                7);
        assertThat(actions.requests)
                .containsExactly(new Actions.BenchComm(
                        4, true, plan, List.of("ipc", "udp"), Algorithm.RECURSIVE_DOUBLING, true, true));
    }

    @Test
    void shouldPlanForAGivenMemory() {
        assertThat(braid.run(
                        "plan",
                        TINY,
                        "--memory",
                        "2GiB",
                        "--cores",
                        "4",
                        "--ranks-per-host",
                        "2",
                        "--rate",
                        "150",
                        "--compare",
                        "--json"))
                .isZero();
        assertThat(actions.requests)
                .containsExactly(new Actions.Plan(
                        Experiment.read(Path.of(TINY), List.of()),
                        OptionalLong.of(2L << 30),
                        OptionalInt.of(4),
                        OptionalInt.of(2),
                        OptionalDouble.of(150e9),
                        true,
                        true));
    }

    @Test
    void shouldShowAScheduleWithEqualTimesUnlessTold() {
        assertThat(braid.run("schedule", "zb-v", "--ranks", "4", "--micro-batches", "8"))
                .isZero();
        Actions.ShowSchedule request = actions.only(Actions.ShowSchedule.class);
        assertThat(request.name()).isEqualTo("zb-v");
        assertThat(request.ranks()).isEqualTo(OptionalInt.of(4));
        assertThat(request.microbatches()).isEqualTo(OptionalInt.of(8));
        assertThat(request.virtualStages()).isEmpty();
        assertThat(request.times()).isEqualTo(new Actions.ActionTimes(1, 1, 1, 0));
        assertThat(request.kept()).isEqualTo(1);
        assertThat(request.memoryLimit()).isEmpty();
        assertThat(braid.run(("schedule interleaved --ranks 4 --micro-batches 8 --virtual-stages 3 --times 2,2.5,1,0.1"
                                + " --kept 0.5 --memory-limit 4.5 --save a.txt --svg a.svg --diff zb-v --json")
                        .split(" ")))
                .isZero();
        assertThat(actions.requests.get(1))
                .isEqualTo(new Actions.ShowSchedule(
                        "interleaved",
                        OptionalInt.of(4),
                        OptionalInt.of(8),
                        OptionalInt.of(3),
                        new Actions.ActionTimes(2, 2.5, 1, 0.1),
                        0.5,
                        OptionalDouble.of(4.5),
                        Optional.of(Path.of("a.txt")),
                        Optional.of(Path.of("a.svg")),
                        Optional.of("zb-v"),
                        true));
    }

    @Test
    void shouldSayThatAConfigIsFineAndWhatItComesTo() {
        assertThat(braid.run("check", TINY)).isZero();
        assertThat(out())
                .startsWith(TINY + " is fine\n")
                .contains("  tokens per step  1024\n", "  vocabulary       257\n");
        assertThat(err()).isEmpty();
    }

    @Test
    void shouldPrintTheFactsOfAConfigAsJson() {
        assertThat(braid.run("check", TINY, "--json")).isZero();
        assertThat(out())
                .isEqualTo("{\"name\":\"tiny\",\"output\":\"runs/tiny\",\"layers\":2,\"dim\":64,"
                        + "\"pattern\":\"attn+mlp\",\"vocabulary\":257,\"sequence\":128,\"micro_batches\":1,"
                        + "\"tokens_per_step\":1024,\"steps\":20,\"tokens\":20480,\"precision\":\"bf16\",\"engine\":\"auto\","
                        + "\"ranks\":1,\"mesh\":\"replicate 1 x shard 1 x tensor 1\"}\n");
    }

    @Test
    void shouldPrintAResolvedConfigThatIsFineItself() throws IOException {
        assertThat(braid.run("check", TINY, "--resolved")).isZero();
        Path file = Files.writeString(folder.resolve("resolved.yaml"), out());
        assertThat(braid.run("check", file.toString())).isZero();
        assertThat(out()).contains("name: tiny\nseed: 1234\noutput: runs/tiny\nmodel:\n  preset: none\n  dim: 64\n");
    }

    @Test
    void shouldListEveryFaultAndEndWithTwoWhenAConfigIsWrong() {
        assertThat(braid.run("check", TINY, "-s", "bach.size=1", "-s", "train.steps=1.5"))
                .isEqualTo(CommandTree.WRONG_INPUT);
        assertThat(out()).isEmpty();
        assertThat(err())
                .isEqualTo("braid check: " + TINY + " has 2 faults:\n"
                        + "  -s bach.size: bach: unknown key; allowed are name, seed, output, model, data, batch, train,"
                        + " optimizer, schedule, precision, parallel, pipeline, checkpoint, init, engine; did you mean 'batch'?\n"
                        + "  -s train.steps: expected a whole number, got 1.5\n");
    }

    @Test
    void shouldNotStartAnythingWhenTheConfigIsWrong() {
        assertThat(braid.run("train", TINY, "-s", "seed=x")).isEqualTo(CommandTree.WRONG_INPUT);
        assertThat(actions.requests).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            trian x.yaml               | braid: there is no command 'trian'; there are train, check, plan, schedule, data, export, import, score, sample, compare, bench, help; did you mean 'train'? | braid help
            data shwo x.yaml           | braid data: there is no command 'shwo'; there are prepare, show; did you mean 'show'? | braid help data
            data                       | braid data: a command is missing; there are prepare, show | braid help data
            train x.yaml --mster=local | braid train: there is no option '--mster=local'; did you mean '--master'? | braid help train
            train x.yaml -x            | braid train: there is no option '-x' | braid help train
            train a.yaml b.yaml        | braid train: 'b.yaml' is one argument too many | braid help train
            train                      | braid train: missing required parameter: 'CONFIG' | braid help train
            export c --to hf           | braid export: missing required option: '--out=DIR' | braid help export
            sample c --prompt a --tokens x | braid sample: invalid value for option '--tokens': 'x' is not an int | braid help sample
            train a.yaml --master      | braid train: missing required parameter for option '--master' (MASTER) | braid help train
            """)
    void shouldRefuseACommandLineAndPointAtTheHelp(String line, String problem, String help) {
        assertThat(braid.run(line.split(" "))).isEqualTo(CommandTree.WRONG_INPUT);
        assertThat(err()).isEqualTo(problem + "\nSee: " + help + "\n");
    }

    @Test
    void shouldNameTheCommandsWhenNoneIsGiven() {
        assertThat(braid.run()).isEqualTo(CommandTree.WRONG_INPUT);
        assertThat(err())
                .isEqualTo(
                        "braid: a command is missing; there are train, check, plan, schedule, data, export, import, score,"
                                + " sample, compare, bench, help\nSee: braid help\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            data show ../examples/tiny.yaml --steps 0 | braid data show: --steps is 0, must be at least 1
            data show ../examples/tiny.yaml --out b   | braid data show: --out writes whole batches; say how many with --steps N
            bench train ../examples/tiny.yaml --steps 0 | braid bench train: --steps is 0, must be at least 1
            bench train ../examples/tiny.yaml --warmup -1 | braid bench train: --warmup is -1, must be 0 or more seconds
            bench comm --ranks 1              | braid bench comm: --ranks is 1, must be 2 to 64
            bench comm --ranks 65             | braid bench comm: --ranks is 65, must be 2 to 64
            bench comm --sizes 4096,much      | braid bench comm: --sizes: 'much' is not a size; allowed are bytes or a number with KB, MB, GB, TB, KiB, MiB, GiB, TiB
            bench comm --sizes 4096,6         | braid bench comm: --sizes: 6 bytes are no whole number of F32 elements, of 4 bytes each
            bench comm --sizes 3 --dtype bf16 | braid bench comm: --sizes: 3 bytes are no whole number of BF16 elements, of 2 bytes each
            bench comm --sizes 100TiB         | braid bench comm: --sizes: 2 ranks with tensors of 109951162777600 bytes need about 400 TiB, more than this machine has; take smaller sizes or fewer ranks
            bench comm --ops al_reduce        | braid bench comm: --ops: 'al_reduce' is none of all_reduce, all_gather, reduce_scatter, all_to_all, broadcast, send_receive, barrier; did you mean 'all_reduce'?
            bench comm --transport rdma       | braid bench comm: --transport: 'rdma' is none of auto, shared, ipc, udp, tcp
            bench comm --processes --transport shared | braid bench comm: --transport shared joins ranks of one JVM; with --processes take auto, ipc, udp or tcp
            bench comm --algorithm rings      | braid bench comm: --algorithm: 'rings' is none of auto, direct, gather_add, ring, recursive_doubling, tree, hierarchical; did you mean 'ring'?
            bench comm --dtype fp8            | braid bench comm: --dtype: 'fp8' is none of f32, bf16
            bench comm --memory common        | braid bench comm: --memory: 'common' is none of shared, private
            bench comm --repeats 0            | braid bench comm: --repeats is 0, must be at least 1
            export c --to gguf --out o        | braid export: --to gguf: this version does not write GGUF yet; write --to hf
            export c --to onnx --out o        | braid export: --to is 'onnx'; allowed is hf
            sample c --prompt a --tokens 0    | braid sample: --tokens is 0, must be at least 1
            sample c --prompt a --temperature -1 | braid sample: --temperature is -1.0, must be 0 or more
            sample c --prompt a --temperature NaN | braid sample: --temperature is NaN, must be 0 or more
            sample c --prompt a --top-p 0     | braid sample: --top-p is 0.0, must be above 0 and at most 1
            help trian                        | braid help: there is no command 'trian'; there are train, check, plan, schedule, data, export, import, score, sample, compare, bench, help; did you mean 'train'?
            help config optimiser.lr          | braid help: there is no key 'optimiser.lr'; did you mean 'optimizer.lr'?; all keys: braid help config
            help train --schema               | braid help: --markdown and --schema go with: braid help config
            plan ../examples/tiny.yaml --memory much | braid plan: --memory: 'much' is not a size; allowed are bytes or a number with KB, MB, GB, TB, KiB, MiB, GiB, TiB
            plan ../examples/tiny.yaml --cores 0 | braid plan: --cores is 0, must be at least 1
            plan ../examples/tiny.yaml --ranks-per-host 0 | braid plan: --ranks-per-host is 0, must be at least 1
            plan ../examples/tiny.yaml --rate 0  | braid plan: --rate is 0.0, must be above 0
            schedule 1f1b --ranks 0 | braid schedule: --ranks is 0, must be 1 to 1024
            schedule 1f1b --micro-batches 70000 | braid schedule: --micro-batches is 70000, must be 1 to 65536
            schedule 1f1b --times 1,1,1 | braid schedule: --times is '1,1,1', must be four numbers of 0 or more, F,I,W,C, of which the first three are not all 0
            schedule 1f1b --times 1,x,1,0 | braid schedule: --times is '1,x,1,0', must be four numbers of 0 or more, F,I,W,C, of which the first three are not all 0
            schedule 1f1b --memory-limit 0 | braid schedule: --memory-limit is 0.0, must be above 0
            schedule 1f1b --kept 1.5 | braid schedule: --kept is 1.5, must be 0 to 1
            check nowhere.yaml                | braid check: nowhere.yaml has 1 fault:\\n  nowhere.yaml: there is no such file
            """)
    void shouldRefuseWrongInputInOneMessage(String line, String problem) {
        assertThat(braid.run(line.split(" "))).isEqualTo(CommandTree.WRONG_INPUT);
        assertThat(err()).isEqualTo(problem.replace("\\n", "\n") + "\n");
        assertThat(actions.requests).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train",
                "check",
                "plan",
                "schedule",
                "data prepare",
                "data show",
                "export",
                "import",
                "score",
                "sample",
                "bench train",
                "bench comm",
                "help"
            })
    void shouldExplainEveryCommandWithAnExample(String command) {
        assertThat(braid.run(("help " + command).split(" "))).isZero();
        assertThat(out()).startsWith("Usage: braid " + command).contains("Example:\n  braid " + command + " ");
        assertThat(out().lines().mapToInt(String::length).max().orElseThrow()).isLessThanOrEqualTo(100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"train --help", "data show -h"})
    void shouldExplainACommandWhenAskedByOption(String line) {
        assertThat(braid.run(line.split(" "))).isZero();
        assertThat(out()).startsWith("Usage: braid " + line.replaceFirst(" -.*", ""));
        assertThat(err()).isEmpty();
    }

    @Test
    void shouldTakeAPromptAsItIs() {
        assertThat(braid.run("sample", "c", "--prompt", "@Override \"x\"")).isZero();
        assertThat(actions.only(Actions.Sample.class).prompt()).isEqualTo("@Override \"x\"");
    }

    @Test
    void shouldExplainTheKeysOfAConfig() {
        assertThat(braid.run("help", "config", "train.steps")).isZero();
        assertThat(out()).isEqualTo("""
                train
                  train.steps  whole number; required
                      Optimizer steps; 0 only writes the initial checkpoint.
                """);
    }

    @Test
    void shouldPrintTheReferencePageAndTheSchema() {
        assertThat(braid.run("help", "config", "--markdown")).isZero();
        assertThat(out()).startsWith("# The keys of an experiment\n").contains("| `lr` | number | required |");
        out.reset();
        assertThat(braid.run("help", "config", "--schema")).isZero();
        assertThat(out()).startsWith("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n");
    }

    @Test
    void shouldEndWithOneAndItsSentenceWhenTheRunFails() {
        actions.failure = new RunFailedException("the disk is full", new IOException("no space"));
        assertThat(braid.run("train", TINY)).isEqualTo(CommandTree.FAILED);
        assertThat(err()).isEqualTo("braid train: the disk is full\n");
    }

    @Test
    void shouldEndWithOneAndNameTheExceptionWhenItIsUnexpected() {
        actions.failure = new IllegalStateException("odd");
        assertThat(braid.run("train", TINY)).isEqualTo(CommandTree.FAILED);
        assertThat(err())
                .isEqualTo("braid train: failed: java.lang.IllegalStateException: odd (--trace shows where)\n");
    }

    @Test
    void shouldEndWithTwoWhenACommandFindsItsInputWrong() {
        actions.failure = new IllegalArgumentException("data.sources.0.path: no such folder");
        assertThat(braid.run("train", TINY)).isEqualTo(CommandTree.WRONG_INPUT);
        assertThat(err()).isEqualTo("braid train: data.sources.0.path: no such folder\n");
    }

    @Test
    void shouldCompareRunsInTheOrderGiven() {
        assertThat(braid.run("compare", "runs/b", "runs/a", "--svg", "c.svg", "--curve", "training"))
                .isEqualTo(CommandTree.DONE);
        assertThat(actions.only(Actions.Compare.class))
                .isEqualTo(new Actions.Compare(
                        List.of(Path.of("runs/b"), Path.of("runs/a")),
                        Optional.of(Path.of("c.svg")),
                        Optional.of(Curve.TRAINING),
                        Optional.empty(),
                        false));
    }

    @Test
    void shouldRefuseCurvesThatThereAreNot() {
        assertThat(braid.run("compare", "runs/a", "--svg", "c.svg", "--curve", "loss"))
                .isEqualTo(CommandTree.WRONG_INPUT);
        assertThat(err())
                .isEqualTo(
                        "braid compare: --curve is 'loss'; allowed are accuracy (in validation), validation and training"
                                + " (losses)\n");
    }

    @Test
    void shouldRefuseACurveWithoutAPicture() {
        assertThat(braid.run("compare", "runs/a", "--curve", "training")).isEqualTo(CommandTree.WRONG_INPUT);
        assertThat(err()).isEqualTo("braid compare: --curve is for the picture; name a file for it with --svg\n");
    }

    @Test
    void shouldShowWhereAnErrorAroseWhenAskedTo() {
        actions.failure = new IllegalStateException("odd");
        assertThat(braid.run("train", TINY, "--trace")).isEqualTo(CommandTree.FAILED);
        assertThat(err()).contains("java.lang.IllegalStateException: odd\n\tat ", "RecordingActions");
    }

    /** Keeps what it is asked to do, and fails if told to. */
    private static final class RecordingActions implements Actions {
        private final List<Record> requests = new ArrayList<>();
        private RuntimeException failure;

        private void record(Record request) {
            if (failure != null) {
                failure.fillInStackTrace();
                throw failure;
            }
            requests.add(request);
        }

        <T> T only(Class<T> type) {
            assertThat(requests).hasSize(1);
            return type.cast(requests.getFirst());
        }

        @Override
        public void train(Train request) {
            record(request);
        }

        @Override
        public void prepareData(Prepare request) {
            record(request);
        }

        @Override
        public void showData(Show request) {
            record(request);
        }

        @Override
        public void exportModel(Export request) {
            record(request);
        }

        @Override
        public void importModel(Import request) {
            record(request);
        }

        @Override
        public void score(Score request) {
            record(request);
        }

        @Override
        public void sample(Sample request) {
            record(request);
        }

        @Override
        public void benchTrain(Bench request) {
            record(request);
        }

        @Override
        public void benchComm(BenchComm request) {
            record(request);
        }

        @Override
        public void plan(Plan request) {
            record(request);
        }

        @Override
        public void compareRuns(Compare request) {
            record(request);
        }

        @Override
        public void showSchedule(ShowSchedule request) {
            record(request);
        }
    }
}
