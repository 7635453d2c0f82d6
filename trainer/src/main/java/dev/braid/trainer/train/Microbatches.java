package dev.braid.trainer.train;

import dev.braid.data.Sample;
import dev.braid.models.Batch;
import dev.braid.models.FutureTokens;
import dev.braid.models.ModelConfig;
import dev.braid.tensor.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * What a rank's data group works on in a step, cut into micro-batches.
 *
 * @param parts the sequences of each micro-batch, of equal length
 */
record Microbatches(List<List<Sample>> parts) {
    /** Cuts {@code samples} into micro-batches of {@code size}; the last one may be smaller. */
    static Microbatches of(List<Sample> samples, int size) {
        List<List<Sample>> parts = new ArrayList<>();
        for (int from = 0; from < samples.size(); from += size) {
            parts.add(samples.subList(from, Math.min(samples.size(), from + size)));
        }
        return new Microbatches(List.copyOf(parts));
    }

    /** Those that are one data rank's when the data ranks take micro-batches in turn. */
    Microbatches share(int dataRanks, int dataRank) {
        List<List<Sample>> mine = new ArrayList<>();
        for (int i = dataRank; i < parts.size(); i += dataRanks) {
            mine.add(parts.get(i));
        }
        return new Microbatches(List.copyOf(mine));
    }

    /** The same and, behind them, micro-batches of the first sequence of {@code others}, so that there are {@code count}. */
    Microbatches filled(int count, Microbatches others) {
        List<List<Sample>> more = new ArrayList<>(parts);
        while (more.size() < count) {
            more.add(others.parts.getFirst().subList(0, 1));
        }
        return new Microbatches(List.copyOf(more));
    }

    int count() {
        return parts.size();
    }

    /** Tokens of a micro-batch. */
    int tokens(int microbatch) {
        List<Sample> part = parts.get(microbatch);
        return part.size() * part.getFirst().inputs().length;
    }

    /** Tokens of all of them. */
    long tokens() {
        long tokens = 0;
        for (int i = 0; i < parts.size(); i++) {
            tokens += tokens(i);
        }
        return tokens;
    }

    /** Tokens of all of them whose label counts. */
    long validTokens() {
        return parts.stream()
                .flatMap(List::stream)
                .mapToLong(Microbatches::validTokens)
                .sum();
    }

    /** Tokens of a micro-batch whose label counts. */
    long validTokens(int microbatch) {
        return parts.get(microbatch).stream()
                .mapToLong(Microbatches::validTokens)
                .sum();
    }

    /** {@link #validTokens()}, and behind it for each module of multi-token prediction the tokens that count for it. */
    List<Long> validTokens(ModelConfig model) {
        List<Long> valid = new ArrayList<>(List.of(validTokens()));
        for (int ahead = 1; ahead <= model.predictionDepth(); ahead++) {
            long sum = 0;
            for (int i = 0; i < parts.size(); i++) {
                sum += validTokens(i, ahead);
            }
            valid.add(sum);
        }
        return valid;
    }

    /** Tokens of a micro-batch whose label {@code ahead} places on counts. */
    long validTokens(int microbatch, int ahead) {
        return parts.get(microbatch).stream()
                .mapToLong(sample -> FutureTokens.valid(sample.labels(), sample.documents(), ahead))
                .sum();
    }

    private static long validTokens(Sample sample) {
        long valid = 0;
        for (int label : sample.labels()) {
            valid += label == Batch.IGNORED ? 0 : 1;
        }
        return valid;
    }

    /** A micro-batch in memory. The caller closes it. */
    Batch batch(int microbatch, Memory memory) {
        return batch(parts.get(microbatch), memory);
    }

    /** The first sequence of all in memory, for whoever has nothing to do. The caller closes it. */
    Batch spare(Memory memory) {
        return batch(parts.getFirst().subList(0, 1), memory);
    }

    private static Batch batch(List<Sample> samples, Memory memory) {
        int length = samples.getFirst().inputs().length;
        Batch batch = Batch.allocate(memory, samples.size(), length);
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            batch.set(i, sample.inputs(), sample.labels(), sample.positions(), sample.documents());
        }
        return batch;
    }
}
