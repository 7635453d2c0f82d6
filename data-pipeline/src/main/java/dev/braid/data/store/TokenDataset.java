package dev.braid.data.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * A stream of tokens: the shards of one source and split, one after another. Any thread may read. Closed by the
 * {@link ShardFolder} that opened it.
 */
public final class TokenDataset {
    private final String name;
    private final List<TokenShard> shards;
    private final long[] starts;

    TokenDataset(String name, List<TokenShard> shards) {
        this.name = name;
        this.shards = List.copyOf(shards);
        this.starts = new long[shards.size() + 1];
        for (int shard = 0; shard < shards.size(); shard++) {
            starts[shard + 1] = starts[shard] + shards.get(shard).tokens();
        }
    }

    /** The source's path, for messages. */
    public String name() {
        return name;
    }

    /** Number of tokens. */
    public long length() {
        return starts[shards.size()];
    }

    /**
     * Copies tokens.
     *
     * @param from the first, from 0
     * @param count how many
     * @param out receives them from index 0
     * @throws IndexOutOfBoundsException when they are not all in the stream
     * @throws UncheckedIOException when a remote shard can't be read
     */
    public void tokens(long from, int count, int[] out) {
        if (from < 0 || count < 0 || from > length() - count || count > out.length) {
            throw new IndexOutOfBoundsException("tokens " + from + " to " + (from + count) + " of " + length() + " in "
                    + name + ", into an array of " + out.length);
        }
        int shard = shardOf(from);
        int done = 0;
        while (done < count) {
            long offset = from + done - starts[shard];
            int part = (int) Math.min(count - done, shards.get(shard).tokens() - offset);
            read(shards.get(shard), offset, part, out, done);
            done += part;
            shard++;
        }
    }

    private static void read(TokenShard shard, long offset, int count, int[] out, int at) {
        try {
            shard.read(offset, count, out, at);
        } catch (IOException problem) {
            throw new UncheckedIOException("can't read " + shard.address() + ": " + problem.getMessage(), problem);
        }
    }

    private int shardOf(long token) {
        int low = 0;
        int high = shards.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (starts[middle] <= token) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }
}
