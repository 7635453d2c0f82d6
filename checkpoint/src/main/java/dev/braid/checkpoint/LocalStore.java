package dev.braid.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A folder of a local (or mounted) file system. Files are forced to the disk, and so are the folders they appear in.
 */
public final class LocalStore implements CheckpointStore {
    private final Path root;

    /** A store under {@code root}, which is made by the first write. */
    public LocalStore(Path root) {
        this.root = root;
    }

    @Override
    public String locate(String path) {
        return path.isEmpty() ? root.toString() : root.resolve(path).toString();
    }

    @Override
    public List<String> list(String folder) throws IOException {
        Path path = root.resolve(folder);
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(path)) {
            return children.map(child -> child.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Override
    public boolean exists(String file) {
        return Files.isRegularFile(root.resolve(file));
    }

    @Override
    public WritableByteChannel create(String file) throws IOException {
        Path path = root.resolve(file);
        createFolders(path.getParent());
        return new ForcedChannel(
                FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), path.getParent());
    }

    @Override
    public Input open(String file) throws IOException {
        return new LocalInput(FileChannel.open(root.resolve(file), StandardOpenOption.READ), locate(file));
    }

    @Override
    public void publish(String file, byte[] content, boolean replace) throws IOException {
        Path path = root.resolve(file);
        createFolders(path.getParent());
        Path temporary = path.resolveSibling(path.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            if (replace) {
                Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
            } else {
                publishNew(temporary, path);
            }
        } finally {
            Files.deleteIfExists(temporary);
        }
        force(path.getParent());
    }

    private static void publishNew(Path temporary, Path path) throws IOException {
        try {
            // A rename would replace silently; a hard link is the atomic step that fails when the name is taken.
            Files.createLink(path, temporary);
        } catch (FileAlreadyExistsException taken) {
            throw taken;
        } catch (UnsupportedOperationException | FileSystemException withoutLinks) {
            if (Files.exists(path)) {
                throw new FileAlreadyExistsException(path.toString());
            }
            // On a file system without hard links two attempts at the same instant are not told apart.
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    @Override
    public void delete(String path) throws IOException {
        Path start = root.resolve(path);
        if (!Files.exists(start)) {
            return;
        }
        Files.walkFileTree(start, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException problem) throws IOException {
                if (problem != null) {
                    throw problem;
                }
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
        force(start.getParent());
    }

    @Override
    public OptionalLong free() throws IOException {
        Path existing = root.toAbsolutePath();
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        return existing == null
                ? OptionalLong.empty()
                : OptionalLong.of(Files.getFileStore(existing).getUsableSpace());
    }

    private static void createFolders(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
            createFolders(parent);
        }
        Files.createDirectories(folder);
        if (parent != null) {
            force(parent);
        }
    }

    /** Makes the entries of a folder durable: a file that was forced can still vanish when its folder was not. */
    private static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private record LocalInput(FileChannel channel, String name) implements Input {
        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void read(long position, ByteBuffer target) throws IOException {
            long at = position;
            while (target.hasRemaining()) {
                int count = channel.read(target, at);
                if (count < 0) {
                    throw new EOFException(name + " ends at byte " + at);
                }
                at += count;
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private record ForcedChannel(FileChannel channel, Path folder) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer source) throws IOException {
            return channel.write(source);
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            if (channel.isOpen()) {
                try (channel) {
                    channel.force(true);
                }
                force(folder);
            }
        }
    }
}
