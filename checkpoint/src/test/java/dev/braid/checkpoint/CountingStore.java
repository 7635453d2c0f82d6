package dev.braid.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A store that counts what is read from files of slices, and how many of them are open. */
final class CountingStore implements CheckpointStore {
    final AtomicLong bytes = new AtomicLong();
    final AtomicInteger reads = new AtomicInteger();
    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger open = new AtomicInteger();
    final AtomicInteger mostOpen = new AtomicInteger();

    private final CheckpointStore store;

    CountingStore(CheckpointStore store) {
        this.store = store;
    }

    @Override
    public Input open(String file) throws IOException {
        Input input = store.open(file);
        if (!file.endsWith(".slices")) {
            return input;
        }
        opened.incrementAndGet();
        mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
        return new Input() {
            @Override
            public long size() throws IOException {
                return input.size();
            }

            @Override
            public void read(long position, ByteBuffer target) throws IOException {
                reads.incrementAndGet();
                bytes.addAndGet(target.remaining());
                input.read(position, target);
            }

            @Override
            public void close() throws IOException {
                open.decrementAndGet();
                input.close();
            }
        };
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
        return store.create(file);
    }

    @Override
    public void publish(String file, byte[] content, boolean replace) throws IOException {
        store.publish(file, content, replace);
    }

    @Override
    public void delete(String path) throws IOException {
        store.delete(path);
    }

    @Override
    public OptionalLong free() throws IOException {
        return store.free();
    }
}
