package dev.braid.data;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Sequences of multi-query associative recall (Arora, Eyuboglu, Timalsina, Johnson, Poli, Zou, Rudra and Re, "Zoology: Measuring and
 * improving recall in efficient language models", 2023, arXiv 2312.04927, section 4): a sequence tells pairs of a key and a value,
 *
 * <pre>k1 v1 k2 v2 ... kN vN</pre>
 *
 * and then each key comes once more, at one of the places {@code 2N, 2N + 2, 2N + 4, ...}. The label there is the key's value; no other
 * token has a label. Place n of these, from 1, is taken with weight {@code n^(gap_power - 1)}, without replacement. The keys of a
 * sequence differ from one another, and so do its values; they are drawn anew for every sequence, so nothing can be learned but to
 * look back. Training sequences may have fewer pairs, see {@link RecallConfig#fewest}.
 *
 * <p>Every sequence is a pure function of the seeds and its index: one number is the whole state of the data, for all ranks. Training
 * sequences have no end and no epochs. Immutable: any thread may call any method.
 */
public final class RecallSamples {
    private static final long TRAINING = 1;
    private static final long VALIDATION = 2;
    private static final long KEYS = 1;
    private static final long VALUES = 2;
    private static final long PLACES = 3;
    private static final long FILLER = 4;
    private static final long PAIRS = 5;
    private static final double UNIT = 0x1p-53;

    private final RecallConfig config;
    private final int sequence;
    private final long training;
    private final long validation;
    private final double[] weights;

    /**
     * The sequences of a config whose rules hold.
     *
     * @param sequence T, tokens of each
     * @param seed of the run
     */
    public RecallSamples(RecallConfig config, int sequence, long seed) {
        this.config = config;
        this.sequence = sequence;
        this.training = Mix.of(Mix.of(config.seed(), TRAINING), seed);
        this.validation = Mix.of(config.seed(), VALIDATION);
        this.weights = IntStream.rangeClosed(1, sequence / 2 - config.fewestPairs())
                .mapToDouble(place -> StrictMath.pow(place, config.gapPower() - 1))
                .toArray();
    }

    /** Tokens of a sequence. */
    public int sequence() {
        return sequence;
    }

    /** Number of token ids. */
    public int vocabulary() {
        return config.vocab();
    }

    /** Training sequence {@code index}, from 0, without end. */
    public Sample training(long index) {
        long seed = Mix.of(training, index);
        int spread = config.pairs() - config.fewestPairs() + 1;
        return sample(seed, config.fewestPairs() + (int) Long.remainderUnsigned(Mix.of(seed, PAIRS), spread));
    }

    /** Number of sequences for validation. */
    public int validationSamples() {
        return config.validation();
    }

    /** Validation sequence {@code index}, the same whatever the run's seed. */
    public Sample validation(long index) {
        if (index < 0 || index >= validationSamples()) {
            throw new IndexOutOfBoundsException("validation sample " + index + " of " + validationSamples());
        }
        return sample(Mix.of(validation, index), config.pairs());
    }

    /** Changes when any sequence would. */
    public String fingerprint() {
        return String.format(
                Locale.ROOT, "recall-%016x", Mix.of(Mix.of(config.toString()), Mix.of(training, sequence)));
    }

    /** One line for people. */
    public String describe() {
        return String.format(
                Locale.ROOT,
                "recall of %s pairs in %d tokens, vocabulary %d, %d validation samples; generated, without end",
                config.fewestPairs() == config.pairs()
                        ? config.pairs()
                        : config.fewestPairs() + " to " + config.pairs(),
                sequence,
                config.vocab(),
                config.validation());
    }

    /** A sequence for people: its pairs, and the queries with their places and answers. */
    public String text(Sample sample) {
        int count = (int) Arrays.stream(sample.labels())
                .filter(label -> label != Sample.IGNORED)
                .count();
        String pairs = IntStream.range(0, count)
                .mapToObj(pair -> sample.inputs()[2 * pair] + " is " + sample.inputs()[2 * pair + 1])
                .collect(Collectors.joining(", "));
        String queries = IntStream.range(0, sequence)
                .filter(place -> sample.labels()[place] != Sample.IGNORED)
                .mapToObj(place -> sample.inputs()[place] + "? " + sample.labels()[place] + " (token " + place + ")")
                .collect(Collectors.joining(", "));
        return pairs + "; " + queries;
    }

    private Sample sample(long seed, int pairs) {
        int[] inputs = new int[sequence];
        int[] labels = new int[sequence];
        Arrays.fill(labels, Sample.IGNORED);
        int told = 2 * pairs;
        if (config.fillsAtRandom()) {
            long filler = Mix.of(seed, FILLER);
            Arrays.setAll(inputs, place -> (int) Long.remainderUnsigned(Mix.of(filler, place), config.vocab()));
        }
        Permutation keys = new Permutation(config.keys(), Mix.of(seed, KEYS));
        Permutation values = new Permutation(config.values(), Mix.of(seed, VALUES));
        int[] places = places(Mix.of(seed, PLACES), pairs);
        for (int pair = 0; pair < pairs; pair++) {
            int key = (int) (1 + keys.at(pair));
            int value = (int) (config.firstValue() + values.at(pair));
            inputs[2 * pair] = key;
            inputs[2 * pair + 1] = value;
            int query = told + 2 * places[pair];
            inputs[query] = key;
            labels[query] = value;
        }
        int[] positions = new int[sequence];
        Arrays.setAll(positions, place -> place);
        return new Sample(inputs, labels, positions, new int[sequence]);
    }

    /**
     * The place of each pair's query, from 0: drawn by weight without replacement, as the largest of {@code log(u) / weight} for
     * uniform u (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006). By {@link StrictMath}: the same on every
     * machine.
     */
    private int[] places(long seed, int pairs) {
        double[] scores = new double[sequence / 2 - pairs];
        for (int place = 0; place < scores.length; place++) {
            double uniform = ((Mix.of(seed, place) >>> 11) + 0.5) * UNIT;
            scores[place] = StrictMath.log(uniform) / weights[place];
        }
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted((one, other) -> Double.compare(scores[other], scores[one]))
                .limit(pairs)
                .mapToInt(place -> place)
                .toArray();
    }
}
