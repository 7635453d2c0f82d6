package dev.braid.data.prepare;

import dev.braid.data.prepare.Inventory.Source;
import dev.braid.data.source.DocumentUnit;
import dev.braid.data.source.FilePlan;
import dev.braid.data.source.JdkSource;
import dev.braid.data.source.Part;
import dev.braid.data.source.Part.FilePart;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Shares out the documents of all sources to units of similar size: a 64th of the whole, but not under 1 MB nor over 256 MB of text.
 * The rule looks at the sources alone, so the shards don't depend on the cluster.
 */
final class UnitPlanner {
    /** Changes whenever the same sources would be shared out in another way. */
    static final int VERSION = 1;

    private static final int UNITS = 64;
    private static final long LEAST_BYTES = 1_000_000;
    private static final long MOST_BYTES = 256_000_000;

    private final JavaSparkContext spark;
    private final DocumentJobs jobs;
    private final List<DocumentUnit> units = new ArrayList<>();
    private final List<Broadcast<byte[]>> broadcasts = new ArrayList<>();
    private final long[] files;
    private int source;
    private List<Part> open = new ArrayList<>();
    private long openBytes;

    UnitPlanner(JavaSparkContext spark, DocumentJobs jobs, int sources) {
        this.spark = spark;
        this.jobs = jobs;
        this.files = new long[sources];
    }

    /** All units, in the order of the streams. */
    List<DocumentUnit> plan(Inventory inventory) throws IOException {
        long target = target(inventory);
        for (source = 0; source < inventory.sources().size(); source++) {
            Source one = inventory.sources().get(source);
            if (one.isJdk()) {
                planJdk(one, target);
            } else {
                planFiles(one, target);
            }
            closeUnit();
        }
        return units;
    }

    /** Files that the plan reads, by source. */
    long[] files() {
        return files;
    }

    /** Frees what the executors hold of the driver's documents. */
    void release() {
        broadcasts.forEach(Broadcast::destroy);
    }

    private static long target(Inventory inventory) {
        long whole = 0;
        for (Source source : inventory.sources()) {
            long guess = source.isJdk() ? JdkSource.TEXT_BYTES : FilePlan.textBytes(source.files());
            whole += Math.min(guess, source.config().limitBytes().orElse(Part.UNLIMITED));
        }
        return Math.clamp(whole / UNITS, LEAST_BYTES, MOST_BYTES);
    }

    private void planFiles(Source one, long target) throws IOException {
        List<FilePart> parts = FilePlan.parts(one.files(), target);
        long limit = one.config().limitBytes().orElse(Part.UNLIMITED);
        List<FilePart> taken = limit == Part.UNLIMITED ? parts : limit(parts, limit);
        files[source] = taken.stream().map(FilePart::address).distinct().count();
        for (FilePart part : taken) {
            add(part, target);
        }
    }

    private void add(Part part, long target) {
        open.add(part);
        openBytes += part.textBytes();
        if (openBytes >= target) {
            closeUnit();
        }
    }

    private void closeUnit() {
        if (!open.isEmpty()) {
            units.add(new DocumentUnit(units.size(), source, open));
            open = new ArrayList<>();
            openBytes = 0;
        }
    }

    /** The first parts whose clean text reaches the limit, the last of them cut. Only sizes that were guessed wrong take a second wave. */
    private List<FilePart> limit(List<FilePart> parts, long limit) {
        List<FilePart> taken = new ArrayList<>();
        long total = 0;
        int next = 0;
        while (total < limit && next < parts.size()) {
            int end = next;
            long guess = 0;
            while (end < parts.size() && guess < Math.max(limit - total, LEAST_BYTES)) {
                guess += parts.get(end).textBytes();
                end++;
            }
            List<FilePart> wave = parts.subList(next, end);
            long[] bytes = jobs.measure(source, wave, limit);
            for (int index = 0; index < bytes.length && total < limit; index++) {
                taken.add(wave.get(index).limitedTo(limit - total));
                total += bytes[index];
            }
            next = end;
        }
        return taken;
    }

    private void planJdk(Source one, long target) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        List<Integer> ends = new ArrayList<>();
        JdkSource.running().read(one.config().limitBytes().orElse(Part.UNLIMITED), document -> {
            content.writeBytes(document);
            ends.add(content.size());
            files[source]++;
            if (content.size() >= target) {
                addInline(content, ends, target);
            }
        });
        addInline(content, ends, target);
    }

    private void addInline(ByteArrayOutputStream content, List<Integer> ends, long target) {
        if (!ends.isEmpty()) {
            Broadcast<byte[]> broadcast = spark.broadcast(content.toByteArray());
            broadcasts.add(broadcast);
            int[] endArray = ends.stream().mapToInt(Integer::intValue).toArray();
            add(new Part.Inline(broadcast, endArray, content.size()), target);
            content.reset();
            ends.clear();
        }
    }
}
