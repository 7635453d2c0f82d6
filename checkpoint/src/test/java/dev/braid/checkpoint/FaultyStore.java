package dev.braid.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.OptionalLong;

/** A store that is killed at the n-th change, or whose disk is full after so many bytes. */
final class FaultyStore implements CheckpointStore {
    /** What a killed process can't do is run on: so an error that nobody catches, and from then on at every change. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    private final CheckpointStore store;
    private final int changesUntilKilled;
    private long bytesUntilFull;
    private int changes;

    private FaultyStore(CheckpointStore store, int changesUntilKilled, long bytesUntilFull) {
        this.store = store;
        this.changesUntilKilled = changesUntilKilled;
        this.bytesUntilFull = bytesUntilFull;
    }

    static FaultyStore killedAt(CheckpointStore store, int change) {
        return new FaultyStore(store, change, Long.MAX_VALUE);
    }

    static FaultyStore fullAfter(CheckpointStore store, long bytes) {
        return new FaultyStore(store, Integer.MAX_VALUE, bytes);
    }

    private void change() {
        if (++changes > changesUntilKilled) {
            throw new Killed();
        }
    }

    private void take(long bytes) throws IOException {
        bytesUntilFull -= bytes;
        if (bytesUntilFull < 0) {
            throw new IOException("No space left on device");
        }
    }

    @Override
    public String locate(String path) {
        return store.locate(path);
    }

    @Override
    public List<String> list(String folder) throws IOException {
        return store.list(folder);
    }

    @Override
    public boolean exists(String file) throws IOException {
        return store.exists(file);
    }

    @Override
    public WritableByteChannel create(String file) throws IOException {
        change();
        WritableByteChannel channel = store.create(file);
        return new WritableByteChannel() {
            @Override
            public int write(ByteBuffer source) throws IOException {
                change();
                take(source.remaining());
                return channel.write(source);
            }

            @Override
            public boolean isOpen() {
                return channel.isOpen();
            }

            @Override
            public void close() throws IOException {
                change();
                channel.close();
            }
        };
    }

    @Override
    public Input open(String file) throws IOException {
        return store.open(file);
    }

    @Override
    public void publish(String file, byte[] content, boolean replace) throws IOException {
        change();
        take(content.length);
        store.publish(file, content, replace);
    }

    @Override
    public void delete(String path) throws IOException {
        change();
        store.delete(path);
    }

    @Override
    public OptionalLong free() {
        return bytesUntilFull < Integer.MAX_VALUE ? OptionalLong.of(Math.max(0, bytesUntilFull)) : OptionalLong.empty();
    }
}
