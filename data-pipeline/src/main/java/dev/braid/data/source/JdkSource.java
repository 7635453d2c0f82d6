package dev.braid.data.source;

import dev.braid.data.DataException;
import dev.braid.data.Mix;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** The Java files of {@code lib/src.zip} of a JDK, in the order of a hash of their names. Read by the driver: executors may lack it. */
public final class JdkSource {
    /** A guess at the bytes of all Java files of a JDK. */
    public static final long TEXT_BYTES = 213_000_000;

    private static final String EXTENSION = ".java";

    private final Path archive;

    /** The sources of a JDK, by its home. */
    public JdkSource(Path javaHome) {
        this.archive = javaHome.resolve("lib").resolve("src.zip");
    }

    /** The running JDK's. */
    public static JdkSource running() {
        return new JdkSource(Path.of(System.getProperty("java.home")));
    }

    /** What the documents depend on: the version and the archive's size. */
    public String identity() {
        return System.getProperty("java.vendor.version", "") + " " + System.getProperty("java.runtime.version") + " "
                + size();
    }

    private long size() {
        try {
            return Files.size(archive);
        } catch (IOException problem) {
            throw new DataException(
                    "jdk-source: this JDK has no sources (" + archive + " is missing); install the package with src.zip"
                            + " (often called ...-jdk-source or ...-src), or use a folder of your own",
                    problem);
        }
    }

    /** Hands over documents, not yet clean, until their clean text reaches the limit. */
    public void read(long limit, Consumer<byte[]> documents) throws IOException {
        size();
        Cleaner cleaner = new Cleaner();
        long taken = 0;
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            List<? extends ZipEntry> entries = zip.stream()
                    .filter(entry -> entry.getName().endsWith(EXTENSION))
                    .sorted(Comparator.comparingLong((ZipEntry entry) -> Mix.of(entry.getName()))
                            .thenComparing(ZipEntry::getName))
                    .toList();
            for (ZipEntry entry : entries) {
                if (taken >= limit) {
                    break;
                }
                try (InputStream in = zip.getInputStream(entry)) {
                    byte[] document = in.readAllBytes();
                    cleaner.clean(document, document.length);
                    taken += cleaner.length();
                    documents.accept(document);
                }
            }
        } catch (ZipException problem) {
            throw new DataException(
                    "jdk-source: " + archive + " can't be unpacked: " + problem.getMessage()
                            + "; install the JDK's sources again, or use a folder of your own",
                    problem);
        }
    }
}
