package dev.braid.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.OptionalLong;

/**
 * Where checkpoints lie: a file system or object store, seen from one root folder. Paths are relative, with {@code /}
 * between their parts. Nothing is ever renamed; what makes a checkpoint is {@link #publish}. All methods may be
 * called from any thread.
 */
public interface CheckpointStore {
    /** The full name of {@code path}, for messages. An empty path is the root. */
    String locate(String path);

    /** Names of the files and folders in {@code folder}, sorted; empty when there is no such folder. */
    List<String> list(String folder) throws IOException;

    /** True when there is a file {@code file}. */
    boolean exists(String file) throws IOException;

    /**
     * Starts a new file, with the folders it needs. When the channel is closed the content is on the disk. Throws
     * {@link java.nio.file.FileAlreadyExistsException} when there is one already.
     */
    WritableByteChannel create(String file) throws IOException;

    /** Opens a file. Throws {@link java.nio.file.NoSuchFileException} when there is none. */
    Input open(String file) throws IOException;

    /**
     * Lets a file with {@code content} appear, whole and on the disk, in one atomic step. When there is one already
     * it is replaced if {@code replace} is set; otherwise {@link java.nio.file.FileAlreadyExistsException} is thrown,
     * also when two do it at once.
     */
    void publish(String file, byte[] content, boolean replace) throws IOException;

    /** Deletes a file, or a folder with all that is in it; nothing happens when there is none. */
    void delete(String path) throws IOException;

    /** Bytes that can still be written, when the store knows. */
    OptionalLong free() throws IOException;

    /** An open file. Any thread may read. */
    interface Input extends Closeable {
        /** Size of the file in bytes. */
        long size() throws IOException;

        /**
         * Fills {@code target} with the bytes at {@code position}. Throws {@link java.io.EOFException} when the file
         * ends before.
         */
        void read(long position, ByteBuffer target) throws IOException;
    }
}
