package dev.braid.data.source;

import dev.braid.data.DataException;
import dev.braid.data.Mix;
import dev.braid.data.store.Store;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * Finds the files of a source: a folder with all its subfolders (known extensions only), one file, or a glob with {@code *},
 * {@code ?}, {@code [a-z]}, {@code {a,b}} and {@code **} for any folders (every match is read; unknown extensions as text). Names
 * that begin with a dot or an underscore are passed over. Files come in the order of a hash of their names, so that a limit takes a
 * diverse part, and the same part wherever the folder lies.
 */
public final class SourceListing {
    private static final Pattern GLOB_SIGN = Pattern.compile("[*?\\[{]");
    private static final String HOME = "~/";

    private final String path;
    private final FileSystem files;

    private SourceListing(String path, FileSystem files) {
        this.path = path;
        this.files = files;
    }

    /**
     * The files of a source.
     *
     * @param path folder, file or glob, as in the config
     * @throws DataException when there is no such path, or nothing in it that can be read
     */
    public static List<SourceFile> list(String path, Configuration configuration) throws IOException {
        Path hadoopPath = hadoopPath(path);
        SourceListing listing = new SourceListing(path, fileSystem(path, hadoopPath, configuration));
        List<SourceFile> found = listing.find(hadoopPath);
        if (found.isEmpty()) {
            throw new DataException("source '" + path + "' has nothing to read; a folder is searched for "
                    + String.join(", ", FileFormat.EXTENSIONS)
                    + ", and a glob such as folder/**/*.java reads any other text");
        }
        found.forEach(file -> FileFormat.of(file.address()));
        found.sort(Comparator.comparingLong((SourceFile file) -> Mix.of(file.name()))
                .thenComparing(SourceFile::name));
        return found;
    }

    private static Path hadoopPath(String path) {
        try {
            return new Path(path.startsWith(HOME) ? System.getProperty("user.home") + path.substring(1) : path);
        } catch (IllegalArgumentException problem) {
            throw new DataException("source '" + path + "' is not a path: " + problem.getMessage(), problem);
        }
    }

    private static FileSystem fileSystem(String path, Path hadoopPath, Configuration configuration) throws IOException {
        try {
            return Store.fileSystem(hadoopPath, configuration);
        } catch (org.apache.hadoop.fs.UnsupportedFileSystemException problem) {
            throw new DataException(
                    "source '" + path + "': " + problem.getMessage()
                            + "; add the file system's jar to Spark (--packages), or use a path with file: or hdfs:",
                    problem);
        }
    }

    private List<SourceFile> find(Path root) throws IOException {
        FileStatus status = status(root);
        if (status == null) {
            Matcher sign = GLOB_SIGN.matcher(root.toString());
            if (sign.find()) {
                return glob(root.toString(), sign.start());
            }
            throw missing(root);
        }
        if (status.isFile()) {
            List<SourceFile> one = new ArrayList<>();
            one.add(file(status, root.getName()));
            return one;
        }
        return walk(root, FileFormat::isSearchedFor);
    }

    private FileStatus status(Path root) throws IOException {
        try {
            return files.getFileStatus(root);
        } catch (FileNotFoundException absent) {
            return null;
        }
    }

    private DataException missing(Path root) {
        return new DataException(
                "source '" + path + "': no such file or folder (looked for " + files.makeQualified(root)
                        + "); check the spelling; a path without a leading / counts from the folder "
                        + files.getWorkingDirectory().toUri().getPath());
    }

    private List<SourceFile> glob(String whole, int firstSign) throws IOException {
        int slash = whole.lastIndexOf('/', firstSign);
        Path base = new Path(slash < 0 ? "." : slash == 0 ? "/" : whole.substring(0, slash));
        if (status(base) == null) {
            throw missing(base);
        }
        return walk(base, matcher(whole.substring(slash + 1)));
    }

    private Predicate<String> matcher(String glob) {
        try {
            PathMatcher exact = FileSystems.getDefault().getPathMatcher("glob:" + glob);
            // The JDK wants at least one folder for **/, people mean any number.
            PathMatcher shallow = FileSystems.getDefault().getPathMatcher("glob:" + glob.replace("**/", ""));
            return name -> {
                java.nio.file.Path relative = java.nio.file.Path.of(name);
                return exact.matches(relative) || shallow.matches(relative);
            };
        } catch (PatternSyntaxException | InvalidPathException problem) {
            throw new DataException("source '" + path + "' is not a glob: " + problem.getMessage(), problem);
        }
    }

    private List<SourceFile> walk(Path root, Predicate<String> wanted) throws IOException {
        String prefix = files.makeQualified(root).toUri().getPath();
        int skipped = prefix.endsWith("/") ? prefix.length() : prefix.length() + 1;
        List<SourceFile> found = new ArrayList<>();
        RemoteIterator<LocatedFileStatus> all = files.listFiles(root, true);
        while (all.hasNext()) {
            FileStatus status = all.next();
            String name = status.getPath().toUri().getPath().substring(skipped);
            if (!isHidden(name) && wanted.test(name)) {
                found.add(file(status, name));
            }
        }
        return found;
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".") || name.startsWith("_") || name.contains("/.") || name.contains("/_");
    }

    private SourceFile file(FileStatus status, String name) {
        return new SourceFile(
                files.makeQualified(status.getPath()).toString(), name, status.getLen(), status.getModificationTime());
    }
}
