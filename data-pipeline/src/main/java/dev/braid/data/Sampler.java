package dev.braid.data;

import dev.braid.data.store.TokenDataset;
import java.util.List;

/**
 * Which tokens sample {@code g} holds: a pure function of the seed and {@code g}, so one number is the whole state of the data.
 *
 * <p>Each source is a stream of tokens. Its local sample {@code i} is the tokens {@code [i*T, i*T + T]} of the stream: T inputs, and
 * the same shifted by one as labels, so that neighbours overlap by one token and every token is a label once (fewer than T tokens
 * at the end of a stream are left out). An epoch holds {@code round(weight * samples)} samples of each source, all sources shuffled
 * together, in another order each epoch. The draws of one source go on over the borders of epochs: draw {@code c} belongs to its pass
 * {@code c / samples}, and each pass has an order of its own.
 *
 * <p>Immutable: any thread may call any method.
 */
public final class Sampler {
    private static final long EPOCH_ORDER = 1;
    private static final long PASS_ORDER = 2;

    private final long seed;
    private final List<TokenDataset> sources;
    private final int sequence;
    private final int endOfText;
    private final long[] samples;
    private final long[] draws;
    private final long samplesPerEpoch;

    /**
     * A sampler over the streams of all sources.
     *
     * @param sources one training stream per source
     * @param weights one weight per source, more than 0
     * @param sequence T, tokens a sample
     * @param endOfText the id after which the next document begins
     * @throws DataException when a source has less text than one sample, or a weight so small that it would never be drawn
     */
    public Sampler(long seed, List<TokenDataset> sources, List<Double> weights, int sequence, int endOfText) {
        if (weights.size() != sources.size()) {
            throw new IllegalArgumentException(weights.size() + " weights for " + sources.size() + " sources");
        }
        this.seed = seed;
        this.sources = List.copyOf(sources);
        this.sequence = sequence;
        this.endOfText = endOfText;
        this.samples = new long[sources.size()];
        this.draws = new long[sources.size()];
        long total = 0;
        for (int source = 0; source < samples.length; source++) {
            samples[source] = samples(sources.get(source), sequence);
            draws[source] = draws(sources.get(source).name(), samples[source], weights.get(source));
            total += draws[source];
        }
        this.samplesPerEpoch = total;
    }

    private static long samples(TokenDataset stream, int sequence) {
        long samples = countSamples(stream.length(), sequence);
        if (samples == 0) {
            throw new DataException("source '" + stream.name() + "' has " + stream.length()
                    + " training tokens, less than one sample of " + sequence
                    + " + 1; add text, remove the source, or set a smaller data.sequence");
        }
        return samples;
    }

    private static long draws(String name, long samples, double weight) {
        long draws = Math.round(weight * samples);
        if (draws < 1) {
            throw new DataException("source '" + name + "' has " + samples + " samples, and weight " + weight
                    + " takes less than half a sample of it an epoch; raise the weight or remove the source");
        }
        return draws;
    }

    /** Number of samples of {@code sequence} tokens in a stream of {@code tokens}, neighbours overlapping by one token. */
    static long countSamples(long tokens, int sequence) {
        return Math.max(0, (tokens - 1) / sequence);
    }

    /** Samples of one epoch, at least 1. */
    public long samplesPerEpoch() {
        return samplesPerEpoch;
    }

    /** Samples that one epoch takes of a source. */
    public long samplesPerEpoch(int source) {
        return draws[source];
    }

    /** Samples in the stream of a source. */
    public long samples(int source) {
        return samples[source];
    }

    /** Tokens a sample. */
    public int sequence() {
        return sequence;
    }

    /** The epoch, from 0, that a global sample belongs to. */
    public long epoch(long sample) {
        requireSample(sample);
        return sample / samplesPerEpoch;
    }

    /** The source that a global sample is taken from. */
    public int source(long sample) {
        return locate(sample).source;
    }

    /** The sample's number within its source's stream. */
    public long local(long sample) {
        return locate(sample).local;
    }

    /**
     * A global sample.
     *
     * @param sample its index, from 0, without end: after the last of an epoch the next epoch begins
     */
    public Sample sample(long sample) {
        Place place = locate(sample);
        return cut(sources.get(place.source), place.local, sequence, endOfText);
    }

    private record Place(int source, long local) {}

    private Place locate(long sample) {
        long epoch = epoch(sample);
        long rest =
                new Permutation(samplesPerEpoch, Mix.of(Mix.of(seed, EPOCH_ORDER), epoch)).at(sample % samplesPerEpoch);
        int source = 0;
        while (rest >= draws[source]) {
            rest -= draws[source];
            source++;
        }
        long draw = Math.addExact(Math.multiplyExact(epoch, draws[source]), rest);
        long pass = draw / samples[source];
        long key = Mix.of(Mix.of(Mix.of(seed, PASS_ORDER), source), pass);
        return new Place(source, new Permutation(samples[source], key).at(draw % samples[source]));
    }

    /** Sample {@code local} of a stream, counted in the order of the stream. */
    static Sample cut(TokenDataset stream, long local, int sequence, int endOfText) {
        int[] tokens = new int[sequence + 1];
        stream.tokens(local * sequence, sequence + 1, tokens);
        int[] inputs = new int[sequence];
        int[] labels = new int[sequence];
        int[] positions = new int[sequence];
        int[] documents = new int[sequence];
        int document = 0;
        for (int index = 0; index < sequence; index++) {
            inputs[index] = tokens[index];
            labels[index] = tokens[index + 1];
            positions[index] = index;
            documents[index] = document;
            if (tokens[index] == endOfText) {
                document++;
            }
        }
        return new Sample(inputs, labels, positions, documents);
    }

    private static void requireSample(long sample) {
        if (sample < 0) {
            throw new IllegalArgumentException("sample " + sample + " is negative; samples count from 0");
        }
    }
}
