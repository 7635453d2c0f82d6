package dev.braid.data;

import dev.braid.data.store.ShardIndex.SourceStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Prepared data as text for people. */
public final class DataReport {
    private DataReport() {}

    /**
     * The mixture: a line a source with its documents, size, tokens, weight, share of the samples, and how often each of its tokens is
     * seen in a run; then what cleaning did, and notes.
     *
     * @param samples training samples of the run
     */
    public static String mixture(PreparedData data, long samples) {
        Sampler sampler = data.sampler(0);
        List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {"source", "documents", "text", "tokens", "bytes/token", "weight", "share", "epochs"});
        List<SourceStatistics> sources = data.index().sources();
        for (int source = 0; source < sources.size(); source++) {
            rows.add(row(data, sampler, source, samples));
        }
        StringBuilder text = new StringBuilder(table(rows));
        text.append(line(
                "%,d samples of %d tokens an epoch; %,d for validation; %s\n",
                sampler.samplesPerEpoch(),
                data.sequence(),
                data.validationSamples(),
                data.tokenizer().describe()));
        for (SourceStatistics source : sources) {
            text.append(cleaning(source));
        }
        data.notes().forEach(note -> text.append("note: ").append(note).append('\n'));
        return text.toString();
    }

    private static String[] row(PreparedData data, Sampler sampler, int source, long samples) {
        SourceStatistics statistics = data.index().sources().get(source);
        double share = (double) sampler.samplesPerEpoch(source) / sampler.samplesPerEpoch();
        double passes = samples * share / sampler.samples(source);
        return new String[] {
            statistics.path(),
            line("%,d", statistics.documents()),
            ByteSize.text(statistics.bytes()),
            line("%,d", statistics.tokens()),
            line("%.2f", statistics.bytesPerToken()),
            line("%s", data.location().weights().get(source)),
            line("%.1f %%", 100 * share),
            line("%.2f", passes)
        };
    }

    private static String cleaning(SourceStatistics source) {
        if (source.emptyDocuments() + source.binaryFiles() + source.repairedDocuments() == 0) {
            return "";
        }
        return line(
                "%s: %,d empty documents dropped, %,d files dropped that are not text, %,d documents kept with repaired UTF-8\n",
                source.path(), source.emptyDocuments(), source.binaryFiles(), source.repairedDocuments());
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static String table(List<String[]> rows) {
        int columns = rows.get(0).length;
        int[] widths = new int[columns];
        for (String[] row : rows) {
            for (int column = 0; column < columns; column++) {
                widths[column] = Math.max(widths[column], row[column].length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            text.append(row[0]).append(" ".repeat(widths[0] - row[0].length()));
            for (int column = 1; column < columns; column++) {
                text.append("  ")
                        .append(" ".repeat(widths[column] - row[column].length()))
                        .append(row[column]);
            }
            text.append('\n');
        }
        return text.toString();
    }

    /**
     * The first training samples, decoded.
     *
     * @param seed of the run
     */
    public static String samples(PreparedData data, long seed, int count) {
        Sampler sampler = data.sampler(seed);
        StringBuilder text = new StringBuilder();
        for (long sample = 0; sample < count; sample++) {
            text.append(line(
                    "--- sample %d, from %s (%d of its stream)\n",
                    sample, data.index().sources().get(sampler.source(sample)).path(), sampler.local(sample)));
            text.append(data.tokenizer().decode(sampler.sample(sample).inputs()))
                    .append('\n');
        }
        return text.toString();
    }
}
