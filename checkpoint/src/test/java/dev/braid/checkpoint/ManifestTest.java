package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestTest {
    private static final Slice SLICE =
            new Slice("w", DType.BF16, Shape.of(3, 5), new Band(3, 2), 1, 6, 64, List.of(0x29904da3));
    private static final SliceFile FILE = new SliceFile(
            "rank-0.0badcafe.slices",
            74,
            List.of(new Slice("w", DType.BF16, Shape.of(3, 5), new Band(0, 5), 0, 2, 0, List.of(1, -1)), SLICE),
            List.of(new Attachment("model.yaml", 2, 3, List.of(7))));

    @TempDir
    Path folder;

    @Test
    void shouldDescribeATensorOnceAndASliceInOneArray() {
        assertThat(new String(FILE.toJson(), StandardCharsets.UTF_8))
                .isEqualTo(
                        "{\"tensors\":[{\"name\":\"w\",\"dtype\":\"BF16\",\"shape\":[3,5]}],"
                                + "\"files\":[{\"name\":\"rank-0.0badcafe.slices\",\"bytes\":74,"
                                + "\"slices\":[[0,0,2,0,\"00000001ffffffff\"],[0,1,6,64,\"29904da3\",3,2]],"
                                + "\"attachments\":[{\"name\":\"model.yaml\",\"offset\":2,\"bytes\":3,\"crc32c\":\"00000007\"}]}]}");
        assertThat(SliceFile.fromJson(FILE.toJson())).isEqualTo(FILE);
    }

    @Test
    void shouldReadAManifestOfVersion1() throws IOException {
        Path step = Files.createDirectories(folder.resolve("step-50"));
        ByteBuffer slices = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        slices.putFloat(50).putFloat(51).putFloat(52);
        Files.write(step.resolve("rank-0.0badcafe.slices"), slices.array());
        Files.writeString(
                step.resolve("manifest.json"),
                "{\"format\":\"braid-checkpoint\",\"version\":1,\"crc32c\":\"cdb0bd5d\",\"step\":50,"
                        + "\"chunk\":4194304,\"state\":{\"sample\":500},\"files\":[{\"name\":\"rank-0.0badcafe.slices\","
                        + "\"bytes\":12,\"slices\":[{\"tensor\":\"w\",\"dtype\":\"F32\",\"shape\":[3],\"from\":0,\"to\":2,"
                        + "\"offset\":0,\"crc32c\":[\"29904da3\"]},{\"tensor\":\"w\",\"dtype\":\"F32\",\"shape\":[3],"
                        + "\"from\":2,\"to\":3,\"offset\":8,\"crc32c\":[\"28f51109\"]}],\"attachments\":[]}]}");
        try (CheckpointReader reader = Checkpoints.in(folder).open(50)) {
            assertThat(Samples.floats(reader, "w")).containsExactly(50, 51, 52);
            assertThat(reader.state()).hasToString("{\"sample\":500}");
        }
    }

    /**
     * Llama 3 405B, f32 weights and both moments of AdamW (4.9 TB), tensor 8 x shard 128 (and any number of pipeline
     * stages and replicas, which add no slices). A layer is 3.2e9 elements in 9 parameters; the shard group's 127 cuts add
     * as many slices on each tensor rank: 8 x (9 + 127) slices a state, 3,264 for the three of them, of about 12 MB.
     */
    @Test
    void shouldTakeLittleForASliceOfALargeModel() {
        Shape shape = Shape.of(16_384, 53_248);
        List<SliceFile> files = new ArrayList<>();
        for (int rank = 0; rank < 8 * 128; rank++) {
            List<Slice> slices = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                Band band = new Band(rank % 8 * 6_656, 6_656);
                long from = rank / 8 * 850_000L;
                slices.add(new Slice(
                        "optimizer/layers." + i + ".feed_forward.gate.weight",
                        DType.F32,
                        shape,
                        band,
                        from,
                        from + 3_000_000,
                        40_000_000L * i,
                        Collections.nCopies(3, 0x29904da3)));
            }
            files.add(new SliceFile("rank-" + rank + ".0badcafe.slices", 1_200_000_000, slices, List.of()));
        }
        byte[] manifest = ManifestJson.write(new Manifest(1, files, StrictJson.JSON.createObjectNode()));
        int bytesPerSlice = manifest.length / (30 * 8 * 128);
        // 24 of them are checksums. 126 layers of 3,264 slices make 411,264 slices: a manifest of 30 MB.
        assertThat(bytesPerSlice).isBetween(65, 75);
    }

    @Test
    void shouldSendAnAttempt() {
        Attempt attempt = new Attempt(7, "step-7", "0badcafe", true);
        assertThat(new String(attempt.toJson(), StandardCharsets.UTF_8))
                .isEqualTo("{\"step\":7,\"folder\":\"step-7\",\"id\":\"0badcafe\",\"replaces\":true}");
        assertThat(Attempt.fromJson(attempt.toJson())).isEqualTo(attempt);
    }

    @Test
    void shouldRefuseWhatIsNoAttempt() {
        refusedAttempt("{}", "not an attempt to write a checkpoint: must have an integer \"step\"");
        refusedAttempt(
                "{\"step\":1,\"folder\":2}", "not an attempt to write a checkpoint: must have a string \"folder\"");
        refusedAttempt(
                "{\"step\":1,\"folder\":\"step-1\",\"id\":\"a\",\"replaces\":1}",
                "not an attempt to write a checkpoint: must have true or false as \"replaces\"");
        refusedAttempt("{\"step\":1", "not an attempt to write a checkpoint: is not valid JSON: ");
        refusedAttempt("{} {}", "not an attempt to write a checkpoint: is not valid JSON: ");
    }

    @Test
    void shouldRefuseSlicesThatAreNotWellFormed() {
        refused(
                "[0,1,6,64,\"29904da3\",3,2]",
                "[0,1,6]",
                "has a slice [0,1,6], which must be [tensor (below 1), from, to, "
                        + "offset, \"checksums\"] with or without [first column, columns]");
        refused("[0,1,6,64", "[1,1,6,64", "has a slice [1,1,6,64,\"29904da3\",3,2], which must be [tensor (below 1)");
        refused("[0,1,6,64", "[0,1.5,6,64", "has a slice [0,1.5,6,64,\"29904da3\",3,2], which must be");
        refused("3,2]]", "-3,2]]", "has a band of 2 columns from column -3 on; both must be 0 or more");
        refused("29904da3", "29904da", "has checksums \"29904da\" that are not groups of 8 hexadecimal digits");
        refused("29904da3", "29904dag", "has checksums \"29904dag\" that are not groups of 8 hexadecimal digits");
    }

    @Test
    void shouldRefuseTensorsThatAreNotWellFormed() {
        refused("\"BF16\"", "\"F99\"", "has a tensor of dtype F99; known are [");
        refused("[3,5]", "[3,-5]", "has tensor \"w\" of an impossible shape [3, -5]");
        refused("[3,5]", "[4611686018427387904,5]", "has tensor \"w\" of an impossible shape [4611686018427387904, 5]");
        refused("[3,5]", "[3,\"5\"]", "must have an array of integers \"shape\"");
        refused("\"name\":\"w\"", "\"name\":3", "must have a string \"name\"");
        refused("{\"tensors\":[", "{\"tensors\":[],\"tensors\":[", "is not valid JSON: Duplicate field 'tensors'");
    }

    @Test
    void shouldRefuseMoreThanOneFileFromOneRank() {
        String json = new String(SliceJson.write(List.of(FILE, FILE), head -> {}), StandardCharsets.UTF_8);
        assertThatThrownBy(() -> SliceFile.fromJson(json.getBytes(StandardCharsets.UTF_8)))
                .hasMessage("not a list of slices: must have one file, not 2");
    }

    private static void refused(String good, String bad, String message) {
        String json = new String(FILE.toJson(), StandardCharsets.UTF_8);
        assertThat(json).contains(good);
        assertThatThrownBy(() -> SliceFile.fromJson(json.replace(good, bad).getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not a list of slices: " + message);
    }

    private static void refusedAttempt(String json, String message) {
        assertThatThrownBy(() -> Attempt.fromJson(json.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }
}
