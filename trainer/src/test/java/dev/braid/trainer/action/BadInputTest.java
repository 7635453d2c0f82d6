package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.tensor.Shape;
import dev.braid.trainer.action.Commands.Outcome;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wrong input ends with exit code 2 and a message that names the place; nothing is lost by it. */
class BadInputTest {
    @TempDir
    static Path folder;

    private static TinyExperiment tiny;

    @BeforeAll
    static void prepare() throws IOException {
        tiny = new TinyExperiment(folder);
    }

    private static String refused(Object... arguments) {
        Outcome outcome = Commands.run(arguments);
        assertThat(outcome.exit()).as(outcome.err()).isEqualTo(2);
        assertThat(outcome.err()).doesNotContain("\tat ");
        return outcome.err();
    }

    @Test
    void shouldReportAllFaultsOfAConfigAtOnce() throws IOException {
        Path config = folder.resolve("faulty.yaml");
        Files.writeString(
                config,
                Files.readString(tiny.config())
                        .replace("dim: 32", "dim: 33")
                        .replace("optimizer: {type: adamw, lr: 3.0e-3}", "optimiser: {type: adamw, lr: 3.0e-3}")
                        .replace("steps: 10", "steps: ten")
                        .replace("every: 5, keep: 2", "every: 5, kep: 2"));
        assertThat(refused("check", config))
                .contains("optimiser", "did you mean 'optimizer'")
                .contains("train.steps", "ten")
                .contains("checkpoint.kep", "did you mean 'keep'")
                .contains("which does not divide model.dim 33");
    }

    @Test
    void shouldReportEverythingThatKeepsALayoutFromWorking() {
        assertThat(refused("check", tiny.config(), "-s", "parallel={replicate: 64, tensor: 3, zero: 2}"))
                .contains("parallel.zero: is 2, but shard is 1, where it would do nothing; remove the key")
                .contains("the batch must not be smaller than the 64 data ranks (replicate 64 x shard 1)")
                .contains("parallel.tensor: is 3, which does not divide the")
                .contains(
                        "replicate 64 x shard 1 x tensor 3 = 192 ranks does not fit the model and the batch; no layout of"
                                + " 192 ranks does; the nearest of fewer is replicate ");
    }

    @Test
    void shouldSayWhichMasterHasRoomForTheMeshBeforeSparkStarts() {
        assertThat(refused(
                        "train",
                        tiny.config(),
                        "--master",
                        "local[1]",
                        "-s",
                        "parallel.replicate=2",
                        "-s",
                        "output=" + tiny.run("crowded")))
                .contains(
                        "this run has 2 ranks (replicate 2 x shard 1 x tensor 1), but --master local[1] has room for 1;"
                                + " use --master local[2] or make the mesh smaller (parallel.*)");
    }

    @Test
    void shouldSendWhoWantsExecutorsToSparkSubmit() {
        String master = "local-cluster[2,1,1024]";
        String output = "output=" + folder.resolve("elsewhere").resolve("run"); // where nothing is prepared yet
        String help = "spark-submit --master '" + master + "' --class dev.braid.trainer.Braid";
        assertThat(refused("train", tiny.config(), "--master", master, "-s", output))
                .contains("the executors of " + master, help);
        assertThat(refused("data", "prepare", tiny.config(), "--master", master, "-s", output))
                .contains(help);
    }

    @Test
    void shouldSayWhatKeepsHeadsFromBeingDivided() {
        assertThat(refused("train", tiny.config(), "-s", "parallel.tensor=3"))
                .contains("parallel.tensor: is 3, which does not divide the 4 heads of attn; allowed are 1, 2");
        assertThat(refused("train", tiny.config(), "-s", "parallel.tensor=8"))
                .contains("parallel.tensor: is 8, more tensor ranks than the 4 heads of attn; allowed are 1, 2, 4");
    }

    @Test
    void shouldRefuseABatchThatIsSmallerThanItsRanks() {
        assertThat(refused("train", tiny.config(), "-s", "parallel={replicate: 4, shard: 2}"))
                .contains(
                        "batch.sequences: is 4, but the batch must not be smaller than the 8 data ranks (replicate 4 x"
                                + " shard 2): each needs a sequence; write 16 or a multiple of it");
    }

    @Test
    void shouldNameAMissingConfig() {
        assertThat(refused("train", folder.resolve("none.yaml"))).contains("none.yaml");
    }

    @Test
    void shouldRefuseAVocabularyThatIsNotTheTokenizers() {
        assertThat(refused("train", tiny.config(), "-s", "model.vocab=300"))
                .contains("model.vocab", "is 300, but the data has 257 tokens");
    }

    @Test
    void shouldNameASourceThatIsNotThere() {
        assertThat(refused("train", tiny.config(), "-s", "data.sources.0.path=" + folder.resolve("nothing")))
                .contains("nothing");
    }

    @Test
    void shouldNameASourceWithoutText() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThat(refused("train", tiny.config(), "-s", "data.sources.0.path=" + empty))
                .contains("empty", ".txt");
    }

    @Test
    void shouldNameAnArchiveThatCannotBeRead() throws IOException {
        Path archive = folder.resolve("broken.zip");
        Files.write(archive, new byte[] {'P', 'K', 3, 4, 1, 2, 3});
        assertThat(refused("train", tiny.config(), "-s", "data.sources.0.path=" + archive))
                .contains("broken.zip");
    }

    @Test
    void shouldNameACorruptShardAndTheWayToRebuildIt() throws IOException {
        Path runs = folder.resolve("shard-runs");
        Object[] prepare = {"data", "prepare", tiny.config(), "-s", "output=" + runs.resolve("a")};
        assertThat(Commands.run(prepare).exit()).isZero();
        Path shard;
        try (Stream<Path> files = Files.walk(runs)) {
            shard = files.filter(file -> file.toString().endsWith(".tokens")
                            || file.toString().endsWith(".bin"))
                    .findFirst()
                    .orElseThrow();
        }
        flip(shard, 10);
        assertThat(refused(prepare)).contains(shard.getFileName().toString());
    }

    @Test
    void shouldNameACorruptCheckpointAndKeepTheOthers() throws IOException {
        Object[] train = {"train", tiny.config(), "-s", "output=" + tiny.run("corrupt")};
        assertThat(Commands.run(train).exit()).isZero();
        Path newest = tiny.run("corrupt").resolve("checkpoints/step-10");
        Path slices;
        try (Stream<Path> files = Files.list(newest)) {
            slices = files.filter(file -> file.toString().endsWith(".slices"))
                    .findFirst()
                    .orElseThrow();
        }
        flip(slices, 100);
        Outcome scored = Commands.run("sample", newest, "--prompt", "x");
        assertThat(scored.exit()).isNotZero();
        assertThat(scored.err())
                .contains(slices.getFileName().toString(), "step-5")
                .doesNotContain("\tat ");
        assertThat(tiny.run("corrupt").resolve("checkpoints/step-5/manifest.json"))
                .exists();
    }

    @Test
    void shouldNameAFolderWithoutCheckpoint() {
        assertThat(refused("sample", folder, "--prompt", "x")).contains("there is no complete checkpoint in " + folder);
    }

    @Test
    void shouldNameWeightsThatAreNotThereBeforeSparkStarts() {
        assertThat(refused("train", tiny.config(), "-s", "output=" + tiny.run("new"), "-s", "init.from=/no/weights"))
                .contains("init.from: there is no folder /no/weights");
    }

    /** Which ranks share a host is known only when they have met. */
    @Test
    void shouldRefuseCopiesOnHostsWhereAllRanksAreOnOne() {
        assertThat(refused(
                        "train",
                        tiny.config(),
                        "-s",
                        "output=" + tiny.run("one-host"),
                        "-s",
                        "batch.microbatch=1",
                        "-s",
                        "parallel.shard=4",
                        "-s",
                        "parallel.zeropp=[hpz]"))
                .contains("parallel.zeropp: hpz would do nothing", "inside one host", "remove hpz");
    }

    @Test
    void shouldRefuseToWriteTextWithoutATokenizer() throws IOException {
        Outcome trained =
                Commands.run("train", tiny.config(), "-s", "output=" + tiny.run("plain"), "-s", "train.steps=2");
        assertThat(trained.exit()).as(trained.err()).isZero();
        Path hf = folder.resolve("plain-hf");
        assertThat(Commands.run("export", tiny.run("plain"), "--to", "hf", "--out", hf)
                        .exit())
                .isZero();
        Files.delete(hf.resolve("tokenizer.json"));
        Files.deleteIfExists(hf.resolve("tokenizer_config.json"));
        Path imported = folder.resolve("plain-imported");
        assertThat(Commands.run("import", hf, "--out", imported).exit()).isZero();
        assertThat(refused("sample", imported, "--prompt", "x")).contains("has no tokenizer");
    }

    @Test
    void shouldRefuseTokensOutsideOfTheVocabulary() throws IOException {
        assertThat(Commands.run("train", tiny.config(), "-s", "output=" + tiny.run("range"), "-s", "train.steps=2")
                        .exit())
                .isZero();
        Path tokens = folder.resolve("range.safetensors");
        SafetensorsWriter.write(
                tokens, List.of(Entry.of("input_ids", Shape.of(1, 3), new long[] {1, 999, 2})), Map.of());
        Path out = folder.resolve("range-out.safetensors");
        assertThat(refused("score", tiny.run("range"), "--tokens", tokens, "--out", out))
                .contains("input_ids[0, 1] is 999, the model's vocabulary is 0 to 256");
    }

    private static void flip(Path file, long offset) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(offset);
            int old = bytes.read();
            bytes.seek(offset);
            bytes.write(old ^ 0xFF);
        }
    }
}
