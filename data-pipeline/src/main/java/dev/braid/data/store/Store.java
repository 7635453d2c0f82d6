package dev.braid.data.store;

import dev.braid.data.DataException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;

/**
 * A folder on any Hadoop file system. Local folders are used without Hadoop's checksum files: the index keeps checksums of its own.
 * Any thread may call any method.
 */
public final class Store {
    private final Configuration configuration;
    private final FileSystem files;
    private final Path folder;

    private Store(Configuration configuration, FileSystem files, Path folder) {
        this.configuration = configuration;
        this.files = files;
        this.folder = folder;
    }

    /**
     * A folder, which need not exist yet.
     *
     * @param folder a Hadoop path; without a scheme it is on the default file system
     */
    public static Store at(String folder, Configuration configuration) throws IOException {
        Path path = new Path(folder);
        FileSystem files = fileSystem(path, configuration);
        return new Store(configuration, files, files.makeQualified(path));
    }

    /** The file system of a path; for local paths the one that keeps no checksum files. */
    public static FileSystem fileSystem(Path path, Configuration configuration) throws IOException {
        FileSystem files = path.getFileSystem(configuration);
        return files instanceof LocalFileSystem local ? local.getRawFileSystem() : files;
    }

    /** The folder's full address. */
    public String address() {
        return folder.toString();
    }

    /** The folder beside or within this one. */
    public Store resolve(String name) {
        return new Store(configuration, files, new Path(folder, name));
    }

    /** The local file of a name, when the folder is on this machine's own file system. */
    public Optional<java.nio.file.Path> local(String name) {
        return local().map(path -> path.resolve(name));
    }

    private Optional<java.nio.file.Path> local() {
        URI address = folder.toUri();
        return "file".equals(address.getScheme())
                ? Optional.of(java.nio.file.Path.of(address.getPath()))
                : Optional.empty();
    }

    /** Whether a file or folder of that name exists. */
    public boolean exists(String name) throws IOException {
        return files.exists(new Path(folder, name));
    }

    /** Whether the folder itself exists. */
    public boolean exists() throws IOException {
        return files.exists(folder);
    }

    /** Size in bytes. */
    public long size(String name) throws IOException {
        return files.getFileStatus(new Path(folder, name)).getLen();
    }

    /** Opens a file to read. */
    public FSDataInputStream open(String name) throws IOException {
        return files.open(new Path(folder, name));
    }

    /** Reads a small file. */
    public byte[] read(String name) throws IOException {
        try (InputStream in = open(name)) {
            return in.readAllBytes();
        }
    }

    /** Creates or replaces a file. */
    public OutputStream create(String name) throws IOException {
        return files.create(new Path(folder, name), true);
    }

    /** Writes a small file. */
    public void write(String name, byte[] content) throws IOException {
        try (OutputStream out = create(name)) {
            out.write(content);
        }
    }

    /** Names of the files and folders within. */
    public List<String> list() throws IOException {
        List<String> names = new ArrayList<>();
        if (exists()) {
            for (FileStatus status : files.listStatus(folder)) {
                names.add(status.getPath().getName());
            }
        }
        names.sort(null);
        return names;
    }

    /** When the folder was last changed, in milliseconds since 1970. */
    public long modified() throws IOException {
        return files.getFileStatus(folder).getModificationTime();
    }

    /** Creates the folder and those above it. */
    public void createFolder() throws IOException {
        String problem = "it can't be created";
        try {
            if (files.mkdirs(folder)) {
                return;
            }
        } catch (IOException refused) {
            problem = refused.getMessage();
        }
        throw new DataException("can't create the folder " + folder + ": " + problem
                + "; check that the place may be written, or choose another");
    }

    /** Removes a file of the folder, if it exists. */
    public void delete(String name) throws IOException {
        files.delete(new Path(folder, name), false);
    }

    /** Removes the folder and all within. */
    public void deleteFolder() throws IOException {
        files.delete(folder, true);
    }

    /**
     * Renames a file within the folder. When the target exists it stays, and the source is removed: two attempts of a task write the
     * same bytes.
     */
    public void settle(String temporary, String name) throws IOException {
        Optional<java.nio.file.Path> target = local(name);
        if (target.isPresent()) {
            Files.move(local(temporary).orElseThrow(), target.get(), StandardCopyOption.ATOMIC_MOVE);
        } else if (!files.rename(new Path(folder, temporary), new Path(folder, name))) {
            if (!exists(name)) {
                throw new IOException("can't rename " + temporary + " to " + name + " in " + folder);
            }
            delete(temporary);
        }
    }

    /**
     * Gives the whole folder another name beside it, at once.
     *
     * @return false when the target exists already, which then stays as it is
     */
    public boolean publish(String name) throws IOException {
        Path target = new Path(folder.getParent(), name);
        Optional<java.nio.file.Path> local = local();
        try {
            if (local.isPresent()) {
                Files.move(local.get(), local.get().resolveSibling(name), StandardCopyOption.ATOMIC_MOVE);
            } else {
                FileContext.getFileContext(folder.toUri(), configuration).rename(folder, target, Options.Rename.NONE);
            }
            return true;
        } catch (IOException problem) {
            if (files.exists(target)) {
                return false;
            }
            throw problem;
        }
    }
}
