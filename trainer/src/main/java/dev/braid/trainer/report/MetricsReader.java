package dev.braid.trainer.report;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads {@code metrics.jsonl}. A last line that a crash tore is left out; any other fault is an error with its line. */
public final class MetricsReader {
    /** One record and where the file continues behind it. */
    interface Visitor {
        /** Returns false to stop reading. {@code end} is the offset behind the record's line. */
        boolean visit(StepRecord record, long end);
    }

    private MetricsReader() {}

    /**
     * All steps of the file, in order.
     *
     * @throws IllegalArgumentException if a line before the last is not a step or the steps do not ascend
     */
    public static List<StepRecord> read(Path file) throws IOException {
        List<StepRecord> records = new ArrayList<>();
        forEach(file, records::add);
        return records;
    }

    /** Hands every step to {@code sink} in order, with one line in memory at a time. Throws as {@link #read} does. */
    public static void forEach(Path file, Consumer<StepRecord> sink) throws IOException {
        scan(file, (record, end) -> {
            sink.accept(record);
            return true;
        });
    }

    /** Visits the records in order until the visitor has enough, the file ends, or its last line is torn. */
    static void scan(Path file, Visitor visitor) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream(512);
            long offset = 0;
            long lineNumber = 0;
            long previousStep = 0;
            while (readLine(in, line)) {
                lineNumber++;
                offset += line.size();
                StepRecord record;
                try {
                    record = StepRecord.fromJson(line.toString(StandardCharsets.UTF_8));
                } catch (IllegalArgumentException fault) {
                    if (isAtEnd(in)) {
                        return;
                    }
                    throw fault(file, lineNumber, fault.getMessage());
                }
                if (record.step() <= previousStep) {
                    throw fault(file, lineNumber, "step " + record.step() + " follows step " + previousStep);
                }
                previousStep = record.step();
                if (!visitor.visit(record, offset)) {
                    return;
                }
            }
        }
    }

    /** Reads up to and with the next line end; false when nothing is left. */
    private static boolean readLine(InputStream in, ByteArrayOutputStream line) throws IOException {
        line.reset();
        int next = in.read();
        while (next >= 0) {
            line.write(next);
            if (next == '\n') {
                return true;
            }
            next = in.read();
        }
        return line.size() > 0;
    }

    private static boolean isAtEnd(InputStream in) throws IOException {
        return in.read() < 0;
    }

    private static IllegalArgumentException fault(Path file, long lineNumber, String what) {
        return new IllegalArgumentException(
                file + ", line " + lineNumber + ": " + what
                        + ". Each line holds one step, in ascending order; restore the file, or move it away to start a new one.");
    }
}
