package dev.braid.checkpoint;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The files of slices of one checkpoint. At most {@link #MOST_OPEN} that nobody reads stay open, those read last, since a
 * large run has more files than a process may have open. Any thread may read.
 */
final class SliceFiles implements Closeable {
    /** Files that stay open while nobody reads them. */
    static final int MOST_OPEN = 64;

    private final CheckpointStore store;
    private final String folder;
    private final Map<String, Long> sizes = new LinkedHashMap<>();
    // In the order of their last use; guarded by this.
    private final Map<String, Handle> handles = new LinkedHashMap<>(16, 0.75f, true);
    private boolean closed;

    SliceFiles(CheckpointStore store, String folder, List<SliceFile> files) throws InvalidFileException {
        this.store = store;
        this.folder = folder;
        for (SliceFile file : files) {
            if (file.name().contains("/") || file.name().contains("\\")) {
                throw new InvalidFileException("its file \"" + file.name() + "\" is not a plain file name");
            }
            if (sizes.put(file.name(), file.bytes()) != null) {
                throw new InvalidFileException("its file \"" + file.name() + "\" is listed twice");
            }
        }
    }

    /** Names of all files. */
    Set<String> names() {
        return sizes.keySet();
    }

    /** Throws {@link InvalidFileException} unless {@code name} is there with its size. */
    void check(String name) throws IOException {
        release(acquire(name));
    }

    /** Fills {@code target} with the bytes at {@code position} of file {@code name}. */
    void read(String name, long position, ByteBuffer target) throws IOException {
        Handle handle = acquire(name);
        try {
            handle.input.read(position, target);
        } catch (EOFException early) {
            throw new InvalidFileException("its file " + name + " was cut short", early);
        } finally {
            release(handle);
        }
    }

    private synchronized Handle acquire(String name) throws IOException {
        if (closed) {
            throw new IllegalStateException("checkpoint " + store.locate(folder) + " is closed already");
        }
        Handle handle = handles.get(name);
        if (handle == null) {
            handle = new Handle(open(name));
            handles.put(name, handle);
        }
        handle.readers++;
        return handle;
    }

    private CheckpointStore.Input open(String name) throws IOException {
        CheckpointStore.Input input;
        try {
            input = store.open(folder + "/" + name);
        } catch (NoSuchFileException missing) {
            throw new InvalidFileException("its file " + name + " is missing", missing);
        }
        boolean good = false;
        try {
            long size = input.size();
            if (size != sizes.get(name)) {
                throw new InvalidFileException(
                        "its file " + name + " has " + size + " bytes, but must have " + sizes.get(name));
            }
            good = true;
            return input;
        } finally {
            if (!good) {
                input.close();
            }
        }
    }

    private synchronized void release(Handle handle) throws IOException {
        handle.readers--;
        Iterator<Map.Entry<String, Handle>> oldest = handles.entrySet().iterator();
        while (handles.size() > (closed ? 0 : MOST_OPEN) && oldest.hasNext()) {
            Handle candidate = oldest.next().getValue();
            if (candidate.readers == 0) {
                oldest.remove();
                candidate.input.close();
            }
        }
    }

    /** Closes all files; those that are being read at this moment when that is done. */
    @Override
    public synchronized void close() throws IOException {
        closed = true;
        List<IOException> problems = new ArrayList<>();
        Iterator<Handle> all = handles.values().iterator();
        while (all.hasNext()) {
            Handle handle = all.next();
            if (handle.readers == 0) {
                all.remove();
                try {
                    handle.input.close();
                } catch (IOException problem) {
                    problems.add(problem);
                }
            }
        }
        if (!problems.isEmpty()) {
            throw problems.getFirst();
        }
    }

    private static final class Handle {
        private final CheckpointStore.Input input;
        private int readers;

        Handle(CheckpointStore.Input input) {
            this.input = input;
        }
    }
}
