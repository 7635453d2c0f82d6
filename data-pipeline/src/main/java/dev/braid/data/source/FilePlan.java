package dev.braid.data.source;

import dev.braid.data.source.Part.FilePart;
import java.util.ArrayList;
import java.util.List;

/** Cuts files into parts that can be read apart. */
public final class FilePlan {
    private FilePlan() {}

    /**
     * Parts in the order of the files; those that can be split have about {@code target} bytes of text at most.
     *
     * @param files in order
     */
    public static List<FilePart> parts(List<SourceFile> files, long target) {
        List<FilePart> parts = new ArrayList<>();
        for (SourceFile file : files) {
            FileFormat format = FileFormat.of(file.address());
            long pieces = format.canSplit() ? Math.ceilDiv(Math.max(1, format.textBytes(file.bytes())), target) : 1;
            long step = Math.ceilDiv(Math.max(1, file.bytes()), pieces);
            for (long start = 0; start == 0 || start < file.bytes(); start += step) {
                long end = Math.min(file.bytes(), start + step);
                parts.add(new FilePart(file.address(), format, start, end, Part.UNLIMITED));
            }
        }
        return parts;
    }

    /** A guess at the bytes of text in all files. */
    public static long textBytes(List<SourceFile> files) {
        return files.stream()
                .mapToLong(file -> FileFormat.of(file.address()).textBytes(file.bytes()))
                .sum();
    }
}
