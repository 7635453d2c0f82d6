package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged checkpoints and wrong use, each with its message. */
class CheckpointFaultsTest {
    @TempDir
    Path folder;

    private Checkpoints checkpoints;
    private Path damaged;
    private Path slices;
    private Path manifest;

    @BeforeEach
    void prepare() throws IOException {
        checkpoints = Checkpoints.in(folder);
        Samples.write(checkpoints, 50);
        Samples.write(checkpoints, 100);
        damaged = folder.resolve("step-100");
        slices = damaged.resolve(new LocalStore(folder).list("step-100").get(1));
        manifest = damaged.resolve("manifest.json");
    }

    @Test
    void shouldNameFileTensorAndChecksumsOfACorruptByteAndWhatToUseInstead() throws IOException {
        byte[] bytes = Files.readAllBytes(slices);
        bytes[5] ^= 1;
        Files.write(slices, bytes);
        try (CheckpointReader reader = checkpoints.open(100)) {
            assertThatThrownBy(() -> Samples.floats(reader, "w"))
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessageMatching("checkpoint \\Q" + damaged + "\\E cannot be used: in its file \\Q"
                            + slices.getFileName() + "\\E, tensor \"w\", bytes 0 until 12 have CRC32C "
                            + "[0-9a-f]{8} instead of [0-9a-f]{8}\\. Other checkpoints: step-50; delete \\Q" + damaged
                            + "\\E to go on from step-50");
        }
    }

    @Test
    void shouldSayWhenThereIsNothingToUseInstead() throws IOException {
        new LocalStore(folder).delete("step-50");
        Files.delete(slices);
        refused("its file " + slices.getFileName() + " is missing. There is no other checkpoint in " + folder);
    }

    @Test
    void shouldFindACorruptAttachment() throws IOException {
        try (CheckpointWriter writer = checkpoints.begin(1)) {
            writer.attach("tokenizer.json", new byte[] {1, 2, 3});
            writer.commit(Samples.state("sample", 0));
        }
        Path file = folder.resolve("step-1")
                .resolve(new LocalStore(folder).list("step-1").get(1));
        Files.write(file, new byte[] {1, 2, 4});
        try (CheckpointReader reader = checkpoints.open(1)) {
            assertThatThrownBy(() -> reader.attachment("tokenizer.json"))
                    .hasMessageContaining("attachment \"tokenizer.json\", bytes 0 until 3 have CRC32C");
            assertThatThrownBy(() -> reader.attachment("vocab.json"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("has no attachment \"vocab.json\"; it has [tokenizer.json]");
        }
    }

    @Test
    void shouldRefuseATruncatedFile() throws IOException {
        Files.write(slices, Arrays.copyOf(Files.readAllBytes(slices), 11));
        refused("its file " + slices.getFileName() + " has 11 bytes, but must have 12");
    }

    @Test
    void shouldNameAFileThatIsCutShortAfterOpening() throws IOException {
        try (CheckpointReader reader = checkpoints.open(100)) {
            Files.write(slices, new byte[0]);
            assertThatThrownBy(() -> Samples.floats(reader, "w"))
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessageContaining("its file " + slices.getFileName() + " was cut short");
        }
    }

    @Test
    void shouldRefuseAFolderWithoutManifest() throws IOException {
        Files.delete(manifest);
        refused("it has no manifest.json, so it is not a complete checkpoint");
        assertThat(checkpoints.latest()).hasValue(50);
    }

    @Test
    void shouldRefuseAManifestOfAnotherVersion() throws IOException {
        edit("\"version\":2", "\"version\":3");
        refused(
                "its manifest.json has format version 3, but this Braid reads versions 1 to 2; use the Braid that wrote it");
    }

    @Test
    void shouldRefuseAManifestWithAFlippedDigit() throws IOException {
        edit("\"sample\":1000", "\"sample\":1001");
        refused("its manifest.json says that its CRC32C is ");
    }

    @Test
    void shouldRefuseAManifestThatIsCutShort() throws IOException {
        String text = Files.readString(manifest);
        Files.writeString(manifest, text.substring(0, text.length() / 2));
        refused("its manifest.json is not valid JSON");
    }

    @Test
    void shouldRefuseAnotherKindOfManifest() throws IOException {
        Files.writeString(manifest, "{}");
        refused("its manifest.json is not the manifest of a checkpoint: \"format\" must be \"braid-checkpoint\"");
    }

    @Test
    void shouldNameBothSidesOfAMismatch() throws IOException {
        try (Memory memory = new Memory();
                CheckpointReader reader = checkpoints.open(100)) {
            Tensor longer = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(4));
            Tensor half = memory.zeros(Category.PARAMETERS, DType.BF16, Shape.of(3));
            argument(
                    () -> reader.load("w", longer),
                    "tensor \"w\" of checkpoint " + damaged + " is F32[3], which does not load into F32[4]");
            argument(
                    () -> reader.load("w", half),
                    "tensor \"w\" of checkpoint " + damaged + " is F32[3], which does not load into BF16[3]");
            argument(() -> reader.load("v", half), "checkpoint " + damaged + " has no tensor \"v\"; it has [w]");
            assertThatThrownBy(() -> reader.load("w", 2, longer, 0, 2))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("elements 2 until 4 of tensor \"w\", which is F32 [3]");
        }
    }

    @Test
    void shouldNotCommitTensorsThatAreNotWhole() throws IOException {
        uncommitted(new long[][] {{0, 2}, {3, 4}}, "tensor \"w\": no slice has elements 2 until 3");
        uncommitted(
                new long[][] {{0, 2}, {1, 4}},
                "tensor \"w\": elements 1 until 2 are in two slices, one of them in rank-0.");
        uncommitted(new long[][] {{0, 3}}, "tensor \"w\": no slice has elements 3 until 4");
        assertThat(new LocalStore(folder).list("")).containsExactly("step-100", "step-50");
    }

    @Test
    void shouldNotCommitSlicesThatDisagreeOnTheShape() throws IOException {
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(150)) {
            writer.add("w", Shape.of(4), 0, Samples.ascending(memory, 0, 2));
            writer.add("w", Shape.of(2, 2), 2, Samples.ascending(memory, 0, 2));
            assertThatThrownBy(() -> writer.commit(Samples.state("sample", 0)))
                    .hasMessageContaining("tensor \"w\": one slice says F32 [4], the one in rank-0.")
                    .hasMessageContaining("says F32 [2, 2]");
        }
    }

    @Test
    void shouldRefuseARangeOutsideOfTheTensor() throws IOException {
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(150)) {
            argument(
                    () -> writer.add("w", Shape.of(4), 3, Samples.ascending(memory, 0, 2)),
                    "elements 3 until 5 of tensor \"w\" are not inside F32 [4]");
        }
    }

    @Test
    void shouldRefuseANegativeStep() {
        argument(() -> checkpoints.begin(-1), "a checkpoint's step must be 0 or more, not -1");
    }

    @Test
    void shouldSayWhatWasLookedForWhenNothingIsFound() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> Checkpoints.find(empty))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage("there is no complete checkpoint in " + empty + ": expected a folder with manifest.json, "
                        + "or a run's folder with checkpoints/step-N");
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> Checkpoints.find(none)).hasMessage("there is no folder " + none);
    }

    @Test
    void shouldRefuseTextThatIsNoListOfSlices() {
        argument(
                () -> SliceFile.fromJson("{}".getBytes(StandardCharsets.UTF_8)),
                "not a list of slices: must have an array \"files\"");
    }

    private void uncommitted(long[][] ranges, String message) throws IOException {
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(150)) {
            for (long[] range : ranges) {
                Tensor part = Samples.ascending(memory, 0, (int) (range[1] - range[0]));
                writer.add("w", Shape.of(4), range[0], part);
            }
            assertThatThrownBy(() -> writer.commit(Samples.state("sample", 0))).hasMessageContaining(message);
        }
    }

    private void edit(String from, String to) throws IOException {
        String text = Files.readString(manifest);
        assertThat(text).contains(from);
        Files.writeString(manifest, text.replace(from, to));
    }

    private void refused(String message) {
        assertThatThrownBy(() -> checkpoints.open(100))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageStartingWith("checkpoint " + damaged + " cannot be used: ")
                .hasMessageContaining(message);
    }

    private static void argument(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    @Test
    void shouldRefuseSlicesOutsideOfTheirFile() {
        Slice slice = new Slice("w", DType.F32, Shape.of(2), new Band(0, 2), 0, 2, 4, List.of(0));
        coverage(slice, "tensor \"w\": its 8 bytes at 4 are not inside f of 8 bytes");
        coverage(
                new Slice("w", DType.F32, Shape.of(2), new Band(0, 2), 0, 2, 0, List.of()),
                "tensor \"w\": its 8 bytes in f must have 1 checksums, not 0");
        coverage(
                new Slice("w", DType.F32, Shape.of(1), new Band(0, 1), 0, 2, 0, List.of(0)),
                "tensor \"w\": elements 0 until 2 in f are no part of F32 [1]");
    }

    private static void coverage(Slice slice, String message) {
        assertThatThrownBy(() -> Coverage.of(List.of(new SliceFile("f", 8, List.of(slice), List.of()))))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage(message);
    }
}
