package dev.braid.data.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.data.DataException;
import dev.braid.data.support.Shards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardFolderTest {
    @TempDir
    private Path folder;

    private Shards small() throws IOException {
        return new Shards(folder, 65_536)
                .shard(0, Split.TRAIN, 1, 2, 65_535)
                .shard(0, Split.TRAIN, 4)
                .shard(1, Split.TRAIN, 7, 8)
                .shard(0, Split.VALIDATION, 50)
                .shard(1, Split.VALIDATION, 60, 61)
                .finish();
    }

    private static int[] all(TokenDataset stream) {
        int[] tokens = new int[(int) stream.length()];
        stream.tokens(0, tokens.length, tokens);
        return tokens;
    }

    private String rebuild() {
        return "; delete the folder file:" + folder + " and run the same command again to rebuild it";
    }

    @Test
    void shouldJoinShardsWhenAStreamIsRead() throws IOException {
        try (ShardFolder open = small().open()) {
            assertThat(all(open.train(0))).containsExactly(1, 2, 65_535, 4);
            assertThat(all(open.train(1))).containsExactly(7, 8);
            assertThat(all(open.validation())).containsExactly(50, 60, 61);
            assertThat(open.index().tokens(Split.TRAIN)).isEqualTo(6);
        }
    }

    @Test
    void shouldReadAcrossShardsWhenARangeCrossesThem() throws IOException {
        try (ShardFolder open = small().open()) {
            int[] tokens = new int[2];
            open.train(0).tokens(2, 2, tokens);
            assertThat(tokens).containsExactly(65_535, 4);
        }
    }

    @Test
    void shouldUseTwoLittleEndianBytesWhenTheVocabularyFits() throws IOException {
        small().open().close();
        assertThat(Files.readAllBytes(folder.resolve("train-0.bin"))).containsExactly(1, 0, 2, 0, 0xFF, 0xFF);
    }

    @Test
    void shouldUseFourBytesWhenTheVocabularyIsLarge() throws IOException {
        try (ShardFolder open = new Shards(folder, 65_537)
                .shard(0, Split.TRAIN, 65_536, 3)
                .finish()
                .open()) {
            assertThat(all(open.train(0))).containsExactly(65_536, 3);
            assertThat(Files.readAllBytes(folder.resolve("train-0.bin"))).containsExactly(0, 0, 1, 0, 3, 0, 0, 0);
        }
    }

    @Test
    void shouldReadTheSameTokensWhenTheShardIsRemote() throws IOException {
        Shards shards = small();
        TokenShard.Remote remote = new TokenShard.Remote(shards.store(), "train-0.bin", 3, 2);
        int[] tokens = new int[3];
        remote.read(1, 2, tokens, 1);
        assertThat(tokens).containsExactly(0, 2, 65_535);
        assertThat(remote.address()).isEqualTo("file:" + folder + "/train-0.bin");
    }

    @Test
    void shouldLeaveNoChecksumFilesWhenWritingLocally() throws IOException {
        assertThat(small().store().list())
                .containsExactly(
                        "index.json",
                        "train-0.bin",
                        "train-1.bin",
                        "train-2.bin",
                        "validation-3.bin",
                        "validation-4.bin");
    }

    @Test
    void shouldRejectWhenAByteOfAShardChanged() throws IOException {
        Shards shards = small();
        Files.write(folder.resolve("train-0.bin"), new byte[] {1, 0, 2, 0, 3, 0});
        assertThatThrownBy(shards::open)
                .isInstanceOf(DataException.class)
                .hasMessage("corrupt shard file:" + folder + "/train-0.bin: expected CRC32C 09e343c0, found 339a9c8b"
                        + rebuild());
    }

    @Test
    void shouldRejectWhenAShardIsShorter() throws IOException {
        Shards shards = small();
        Files.write(folder.resolve("train-0.bin"), new byte[] {1, 0, 2});
        assertThatThrownBy(() -> ShardFolder.open(shards.store(), ShardFolder.Verify.SIZES))
                .isInstanceOf(DataException.class)
                .hasMessage(
                        "corrupt shard file:" + folder + "/train-0.bin: expected 6 bytes, found 3 bytes" + rebuild());
    }

    @Test
    void shouldRejectWhenAShardIsMissing() throws IOException {
        Shards shards = small();
        Files.delete(folder.resolve("train-2.bin"));
        assertThatThrownBy(shards::open)
                .isInstanceOf(DataException.class)
                .hasMessage("missing shard file:" + folder + "/train-2.bin" + rebuild());
    }

    @Test
    void shouldRejectWhenTheIndexIsMissing() throws IOException {
        Shards shards = small();
        Files.delete(folder.resolve("index.json"));
        assertThatThrownBy(shards::open)
                .isInstanceOf(DataException.class)
                .hasMessage("prepared data at file:" + folder + " has no index.json" + rebuild());
    }

    @Test
    void shouldRejectWhenTheIndexIsCutOff() throws IOException {
        Shards shards = small();
        Files.writeString(folder.resolve("index.json"), "{\"format\" : 1,");
        assertThatThrownBy(shards::open)
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("corrupt index file:" + folder + "/index.json: Unexpected end-of-input")
                .hasMessageEndingWith(rebuild());
    }

    @Test
    void shouldRejectWhenTheFormatIsFromAnotherVersion() throws IOException {
        Shards shards = small();
        Path index = folder.resolve("index.json");
        Files.writeString(index, Files.readString(index).replace("\"format\" : 1", "\"format\" : 99"));
        assertThatThrownBy(shards::open)
                .isInstanceOf(DataException.class)
                .hasMessage("prepared data at file:" + folder + " has format 99, this version reads 1" + rebuild());
    }

    @Test
    void shouldRejectWhenTokensAreBeyondTheStream() throws IOException {
        try (ShardFolder open = small().open()) {
            assertThatThrownBy(() -> open.train(0).tokens(3, 2, new int[2]))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("tokens 3 to 5 of 4 in source0, into an array of 2");
        }
    }
}
