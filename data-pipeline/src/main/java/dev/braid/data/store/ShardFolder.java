package dev.braid.data.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.braid.data.DataException;
import dev.braid.data.store.ShardIndex.Shard;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.zip.CRC32C;

/** A folder of prepared data, open for reading. Any thread may read; close it when nobody reads any more. */
public final class ShardFolder implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final int CHECKSUM_BUFFER = 1 << 20;

    private final Store store;
    private final ShardIndex index;
    private final Arena arena = Arena.ofShared();
    private final List<TokenShard> shards = new ArrayList<>();

    /** How much is checked when a folder is opened. Sizes always are. */
    public enum Verify {
        /** Sizes only: for a rank, after the driver has checked everything. */
        SIZES,
        /** Reads every shard once and compares its checksum. */
        CHECKSUMS
    }

    private ShardFolder(Store store, ShardIndex index) {
        this.store = store;
        this.index = index;
    }

    /**
     * Opens a finished folder.
     *
     * @throws DataException when the index or a shard is missing or is not what was written, with the way to rebuild it
     */
    public static ShardFolder open(Store store, Verify verify) throws IOException {
        ShardFolder folder = new ShardFolder(store, readIndex(store));
        try {
            for (Shard shard : folder.index.shards()) {
                folder.check(shard, verify);
                folder.shards.add(folder.open(shard));
            }
            return folder;
        } catch (IOException | RuntimeException problem) {
            folder.close();
            throw problem;
        }
    }

    /** Reads and checks the index of a finished folder. */
    public static ShardIndex readIndex(Store store) throws IOException {
        if (!store.exists(ShardIndex.FILE)) {
            throw new DataException(
                    "prepared data at " + store.address() + " has no " + ShardIndex.FILE + "; " + rebuild(store));
        }
        ShardIndex index;
        try {
            index = JSON.readValue(store.read(ShardIndex.FILE), ShardIndex.class);
        } catch (JsonProcessingException problem) {
            throw new DataException(
                    "corrupt index " + store.address() + "/" + ShardIndex.FILE + ": " + problem.getOriginalMessage()
                            + "; " + rebuild(store),
                    problem);
        }
        if (index.format() != ShardIndex.FORMAT) {
            throw new DataException("prepared data at " + store.address() + " has format " + index.format()
                    + ", this version reads " + ShardIndex.FORMAT + "; " + rebuild(store));
        }
        return index;
    }

    /** Writes the index of a folder, after its shards. */
    public static void writeIndex(Store store, ShardIndex index) throws IOException {
        store.write(ShardIndex.FILE, JSON.writeValueAsBytes(index));
    }

    private static String rebuild(Store store) {
        return "delete the folder " + store.address() + " and run the same command again to rebuild it";
    }

    private void check(Shard shard, Verify verify) throws IOException {
        String address = store.address() + "/" + shard.name();
        if (!store.exists(shard.name())) {
            throw new DataException("missing shard " + address + "; " + rebuild(store));
        }
        long size = store.size(shard.name());
        if (size != shard.bytes()) {
            throw corrupt(address, shard.bytes() + " bytes", size + " bytes");
        }
        if (verify == Verify.CHECKSUMS) {
            long found = checksum(shard.name());
            if (found != shard.crc32c()) {
                throw corrupt(address, String.format("CRC32C %08x", shard.crc32c()), String.format("%08x", found));
            }
        }
    }

    private DataException corrupt(String address, String expected, String found) {
        return new DataException(
                "corrupt shard " + address + ": expected " + expected + ", found " + found + "; " + rebuild(store));
    }

    private long checksum(String name) throws IOException {
        CRC32C checksum = new CRC32C();
        byte[] buffer = new byte[CHECKSUM_BUFFER];
        try (InputStream in = store.open(name)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                checksum.update(buffer, 0, count);
            }
        }
        return checksum.getValue();
    }

    private TokenShard open(Shard shard) throws IOException {
        Optional<java.nio.file.Path> file = store.local(shard.name());
        return file.isPresent()
                ? TokenShard.Mapped.open(file.get(), index.tokenBytes(), arena)
                : new TokenShard.Remote(store, shard.name(), shard.tokens(), index.tokenBytes());
    }

    /** The index. */
    public ShardIndex index() {
        return index;
    }

    /** Where the folder is. */
    public Store store() {
        return store;
    }

    /** The training stream of a source. */
    public TokenDataset train(int source) {
        return stream(
                index.sources().get(source).path(), shard -> shard.split() == Split.TRAIN && shard.source() == source);
    }

    /** The validation stream: that of all sources, one after another. */
    public TokenDataset validation() {
        return stream("validation", shard -> shard.split() == Split.VALIDATION);
    }

    private TokenDataset stream(String name, Predicate<Shard> chosen) {
        List<TokenShard> open = new ArrayList<>();
        for (int shard = 0; shard < shards.size(); shard++) {
            if (chosen.test(index.shards().get(shard))) {
                open.add(shards.get(shard));
            }
        }
        return new TokenDataset(name, open);
    }

    @Override
    public void close() {
        arena.close();
    }
}
