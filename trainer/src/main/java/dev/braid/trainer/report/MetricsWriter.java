package dev.braid.trainer.report;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Writes {@code metrics.jsonl}: one line a completed step, handed to the operating system at once, so that a killed process
 * loses nothing. One thread.
 */
public final class MetricsWriter implements Closeable {
    private final FileChannel channel;
    private final Optional<StepRecord> lastKept;
    private final int attempt;
    private long lastStep;

    private MetricsWriter(FileChannel channel, Optional<StepRecord> lastKept, int attempt, long lastStep) {
        this.channel = channel;
        this.lastKept = lastKept;
        this.attempt = attempt;
        this.lastStep = lastStep;
    }

    /**
     * Opens the file, which need not exist, to continue behind {@code afterStep}: lines of later steps and a torn last line are
     * dropped, by replacing the file in one move.
     *
     * @param afterStep the checkpoint's step; 0 starts the file anew
     * @throws IllegalArgumentException if the part to keep holds a line that is not a step, naming the line
     */
    public static MetricsWriter open(Path file, long afterStep) throws IOException {
        Path absolute = file.toAbsolutePath();
        Files.createDirectories(absolute.getParent());
        Kept kept = new Kept(afterStep);
        int attempts = 0;
        if (Files.exists(absolute)) {
            attempts = kept.scan(absolute);
            if (kept.end != Files.size(absolute) || !endsWithNewline(absolute, kept.end)) {
                replaceByPrefix(absolute, kept.end);
            }
        }
        FileChannel channel = FileChannel.open(
                absolute, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        return new MetricsWriter(channel, Optional.ofNullable(kept.last), attempts + 1, afterStep);
    }

    /** The record of the last step that was kept, so that totals can go on from it. */
    public Optional<StepRecord> lastKept() {
        return lastKept;
    }

    /** The number that this writer gives to its records: 1, and one more for each resume. */
    public int attempt() {
        return attempt;
    }

    /**
     * Writes the record with this writer's {@link #attempt} and returns it so.
     *
     * @throws IllegalArgumentException if the step is not later than the last one
     */
    public StepRecord write(StepRecord record) throws IOException {
        if (record.step() <= lastStep) {
            throw new IllegalArgumentException("step " + record.step() + " after step " + lastStep
                    + ": metrics are written in ascending order; open the file again to go back");
        }
        StepRecord numbered = record.withAttempt(attempt);
        ByteBuffer line = ByteBuffer.wrap((numbered.toJson() + "\n").getBytes(StandardCharsets.UTF_8));
        while (line.hasRemaining()) {
            channel.write(line);
        }
        lastStep = record.step();
        return numbered;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static boolean endsWithNewline(Path file, long size) throws IOException {
        if (size == 0) {
            return true;
        }
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            in.read(last, size - 1);
            return last.get(0) == '\n';
        }
    }

    private static void replaceByPrefix(Path file, long length) throws IOException {
        Path rewritten = file.resolveSibling(file.getFileName() + ".rewrite");
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(
                        rewritten,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            long copied = 0;
            while (copied < length) {
                copied += in.transferTo(copied, length - copied, out);
            }
            if (!endsWithNewline(file, length)) {
                out.write(ByteBuffer.wrap(new byte[] {'\n'}));
            }
            out.force(true);
        }
        Files.move(rewritten, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The part of an existing file that a resume keeps. */
    private static final class Kept {
        private final long afterStep;
        private StepRecord last;
        private long end;

        Kept(long afterStep) {
            this.afterStep = afterStep;
        }

        /** Finds the part and returns the largest attempt of the steps in and right behind it. */
        int scan(Path file) throws IOException {
            int[] attempts = {0};
            if (afterStep == 0) {
                return 0;
            }
            MetricsReader.scan(file, (record, recordEnd) -> {
                attempts[0] = Math.max(attempts[0], record.attempt());
                if (record.step() > afterStep) {
                    return false;
                }
                last = record;
                end = recordEnd;
                return true;
            });
            return attempts[0];
        }
    }
}
