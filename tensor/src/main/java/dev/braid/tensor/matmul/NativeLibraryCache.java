package dev.braid.tensor.matmul;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/**
 * Copies shared libraries from the class path to files, since the system's loader only takes files. They are kept in a folder
 * of the user's, named by checksum, and checked against it each time; several processes may do so at once.
 */
final class NativeLibraryCache {
    /** A file as the class path has it. */
    private record Source(URL url, long size, long crc) {}

    private final Path root;

    /** A cache in {@code root}, which is made when it is missing. */
    NativeLibraryCache(Path root) {
        this.root = root;
    }

    /** The cache of the user who runs this process, or a new folder of the process alone where that cannot be written. */
    static NativeLibraryCache forUser() throws IOException {
        Path folder = Path.of(System.getProperty("user.home", ""), ".cache", "braid", "native");
        try {
            Files.createDirectories(folder);
            if (Files.isWritable(folder)) {
                return new NativeLibraryCache(folder);
            }
        } catch (IOException unwritable) {
            // A service account often has no home: then the libraries are copied for this process only.
        }
        Path temporary = Files.createTempDirectory("braid-native");
        temporary.toFile().deleteOnExit();
        return new NativeLibraryCache(temporary);
    }

    /**
     * Brings {@code names}, resources in folder {@code prefix} of the class path, into one folder.
     *
     * @return the folder
     * @throws IOException if a resource is missing or a file cannot be written
     */
    Path extract(ClassLoader loader, String prefix, List<String> names) throws IOException {
        StringBuilder key = new StringBuilder();
        Source[] sources = new Source[names.size()];
        for (int i = 0; i < sources.length; i++) {
            sources[i] = find(loader, prefix + names.get(i));
            key.append(i == 0 ? "" : "-").append(String.format(Locale.ROOT, "%08x", sources[i].crc));
        }
        Path folder = root.resolve(key.toString());
        Files.createDirectories(folder);
        for (int i = 0; i < sources.length; i++) {
            Path file = folder.resolve(names.get(i));
            if (!intact(file, sources[i])) {
                copy(sources[i], file);
            }
        }
        return folder;
    }

    private static Source find(ClassLoader loader, String name) throws IOException {
        URL url = loader.getResource(name);
        if (url == null) {
            throw new IOException("the class path has no " + name);
        }
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        try (InputStream stream = connection.getInputStream()) {
            // The directory of a jar already knows size and checksum; reading 90 MB again would cost half a second.
            if (connection instanceof JarURLConnection jar) {
                JarEntry entry = jar.getJarEntry();
                if (entry.getSize() >= 0 && entry.getCrc() >= 0) {
                    return new Source(url, entry.getSize(), entry.getCrc());
                }
            }
            CheckedInputStream checked = new CheckedInputStream(stream, new CRC32());
            long size = checked.transferTo(java.io.OutputStream.nullOutputStream());
            return new Source(url, size, checked.getChecksum().getValue());
        }
    }

    private static boolean intact(Path file, Source source) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) != source.size) {
            return false;
        }
        try (InputStream stream = Files.newInputStream(file)) {
            CRC32 crc = new CRC32();
            byte[] buffer = new byte[1 << 20];
            int read;
            while ((read = stream.read(buffer)) > 0) {
                crc.update(buffer, 0, read);
            }
            return crc.getValue() == source.crc;
        }
    }

    private static void copy(Source source, Path file) throws IOException {
        Path folder = file.getParent();
        Path partial = Files.createTempFile(folder, "partial", ".tmp");
        try {
            URLConnection connection = source.url.openConnection();
            connection.setUseCaches(false);
            try (InputStream stream = connection.getInputStream()) {
                Files.copy(stream, partial, StandardCopyOption.REPLACE_EXISTING);
            }
            if (!intact(partial, source)) {
                throw new IOException(
                        "the copy of " + source.url + " at " + folder + " is not complete; is the disk full?");
            }
            move(partial, file);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static void move(Path partial, Path file) throws IOException {
        try {
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException unsupported) {
            Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
