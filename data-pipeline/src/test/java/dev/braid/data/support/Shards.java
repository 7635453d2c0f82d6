package dev.braid.data.support;

import dev.braid.data.store.ShardFolder;
import dev.braid.data.store.ShardFolder.Verify;
import dev.braid.data.store.ShardIndex;
import dev.braid.data.store.ShardIndex.Shard;
import dev.braid.data.store.ShardIndex.SourceStatistics;
import dev.braid.data.store.ShardWriter;
import dev.braid.data.store.Split;
import dev.braid.data.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** Writes folders of token shards without a preparation. */
public final class Shards {
    private final Store store;
    private final int vocabulary;
    private final List<Shard> shards = new ArrayList<>();
    private int sources;

    public Shards(Path folder, int vocabulary) throws IOException {
        this.store = Store.at(folder.toString(), new Configuration());
        this.vocabulary = vocabulary;
    }

    public Store store() {
        return store;
    }

    public Shards shard(int source, Split split, int... tokens) throws IOException {
        int tokenBytes = ShardIndex.tokenBytes(vocabulary);
        String name = split.word() + "-" + shards.size() + ".bin";
        ShardWriter writer = new ShardWriter(store.create(name), tokenBytes);
        for (int token : tokens) {
            writer.write(token);
        }
        writer.close();
        long bytes = (long) tokens.length * tokenBytes;
        shards.add(new Shard(name, source, split, tokens.length, bytes, writer.checksum()));
        sources = Math.max(sources, source + 1);
        return this;
    }

    public Shards finish() throws IOException {
        List<SourceStatistics> statistics = new ArrayList<>();
        for (int source = 0; source < sources; source++) {
            statistics.add(new SourceStatistics("source" + source, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0));
        }
        ShardFolder.writeIndex(
                store,
                new ShardIndex(
                        ShardIndex.FORMAT,
                        "print",
                        "byte",
                        vocabulary,
                        256,
                        ShardIndex.tokenBytes(vocabulary),
                        statistics,
                        shards));
        return this;
    }

    public ShardFolder open() throws IOException {
        return ShardFolder.open(store, Verify.CHECKSUMS);
    }
}
