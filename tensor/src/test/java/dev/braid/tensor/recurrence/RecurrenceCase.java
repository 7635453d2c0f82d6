package dev.braid.tensor.recurrence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * One call of the recurrence on random operands, beside the reference in double on the same numbers. Operands are heads in
 * wider rows, as models hold them.
 */
final class RecurrenceCase {
    /** Whether there is a change of rank one, and whether its b is k. */
    enum Change {
        NONE,
        ALONG,
        APART
    }

    /** Which decay and which change. */
    enum Variant {
        NO_DECAY(RecurrenceKernel.DecayKind.NONE, Change.NONE),
        FIXED_DECAY(RecurrenceKernel.DecayKind.FIXED, Change.NONE),
        SCALAR_DECAY(RecurrenceKernel.DecayKind.SCALAR, Change.NONE),
        VECTOR_DECAY(RecurrenceKernel.DecayKind.VECTOR, Change.NONE),
        DELTA(RecurrenceKernel.DecayKind.NONE, Change.ALONG),
        GATED_DELTA(RecurrenceKernel.DecayKind.SCALAR, Change.ALONG),
        KDA(RecurrenceKernel.DecayKind.VECTOR, Change.ALONG),
        GENERAL_SCALAR(RecurrenceKernel.DecayKind.SCALAR, Change.APART),
        GENERAL(RecurrenceKernel.DecayKind.VECTOR, Change.APART);

        final RecurrenceKernel.DecayKind decay;
        final Change change;

        Variant(RecurrenceKernel.DecayKind decay, Change change) {
            this.decay = decay;
            this.change = change;
        }
    }

    final RecurrenceSpec spec;
    final Variant variant;
    final int heads;
    /** The reference, {@code [sequence * heads + head]}. */
    final DoubleRecurrence[] reference;

    final double[][][] dO;
    final double[][][] dFinal;
    private final int keySize;
    private final int valueSize;
    private final DType dtype;
    /** The sum over tokens of the sizes of what a fixed decay's gradient adds up, which bounds its rounding. */
    private double fixedScale;

    private int sharing = 1;

    /** What a run wrote, in the order of {@link #names}. */
    record Results(List<double[][][]> values) {}

    RecurrenceCase(
            RecurrenceSpec spec, Variant variant, int heads, int keySize, int valueSize, DType dtype, long seed) {
        this.spec = spec;
        this.variant = variant;
        this.heads = heads;
        this.keySize = keySize;
        this.valueSize = valueSize;
        this.dtype = dtype;
        Random random = new Random(seed);
        int tasks = spec.batch() * heads;
        reference = new DoubleRecurrence[tasks];
        dO = new double[tasks][][];
        dFinal = new double[tasks][][];
        double[] fixed = random.doubles(heads, -0.2, 0).toArray();
        for (int task = 0; task < tasks; task++) {
            DoubleRecurrence head = randomHead(random, spec.length(), keySize, valueSize);
            head.read = spec.read();
            decays(head, fixed[task % heads]);
            switch (variant.change) {
                case NONE -> {
                    head.a = new double[spec.length()][keySize];
                    head.b = new double[spec.length()][keySize];
                }
                case ALONG -> writeAlongKeys(head, random);
                case APART -> {}
            }
            if (!bonus()) {
                head.bonus = new double[keySize];
            } else if (task >= heads) {
                head.bonus = reference[task % heads].bonus;
            }
            reference[task] = head;
            dO[task] = random(random, spec.length(), valueSize);
            dFinal[task] = random(random, keySize, valueSize);
        }
        round();
    }

    /** A token's own write is read with a bonus. */
    private boolean bonus() {
        return spec.read() == Read.BEFORE_WRITE && variant.change != Change.ALONG;
    }

    private void decays(DoubleRecurrence head, double fixed) {
        for (double[] row : head.logDecay) {
            switch (variant.decay) {
                case NONE -> Arrays.fill(row, 0);
                case FIXED -> Arrays.fill(row, (float) fixed);
                case SCALAR -> Arrays.fill(row, row[0]);
                case VECTOR -> {}
            }
        }
    }

    /** {@code a = -beta alpha k}, {@code b = k}. */
    private static void writeAlongKeys(DoubleRecurrence head, Random random) {
        for (double[] row : head.a) {
            scale(row, random.nextDouble());
        }
        head.b = head.k;
    }

    /** Operands as the tensors hold them, so that only the arithmetic differs. */
    private void round() {
        for (int task = 0; task < reference.length; task++) {
            DoubleRecurrence head = reference[task];
            for (double[][] matrix : List.of(head.q, head.k, head.v, head.a, head.b, dO[task])) {
                round(matrix, dtype);
            }
            for (double[][] matrix : List.of(head.logDecay, head.initial, dFinal[task], new double[][] {head.bonus})) {
                round(matrix, DType.F32);
            }
        }
    }

    private static void round(double[][] matrix, DType dtype) {
        for (double[] row : matrix) {
            for (int i = 0; i < row.length; i++) {
                float value = (float) row[i];
                row[i] = dtype == DType.BF16 ? DType.fromBf16(DType.toBf16(value)) : value;
            }
        }
    }

    /** A new document starts at each of {@code starts}, in all sequences. */
    RecurrenceCase withDocuments(int... starts) {
        for (int task = 0; task < reference.length; task++) {
            int[] documents = new int[spec.length()];
            for (int start : starts) {
                for (int t = start; t < spec.length(); t++) {
                    documents[t]++;
                }
            }
            reference[task].documents = documents;
        }
        return this;
    }

    /** Each {@code group} neighbouring heads take q, k, a and b of their first. */
    RecurrenceCase withSharedKeys(int group) {
        for (int task = 0; task < reference.length; task++) {
            DoubleRecurrence first = reference[task / group * group];
            reference[task].q = first.q;
            reference[task].k = first.k;
            reference[task].a = first.a;
            reference[task].b = first.b;
        }
        sharing = group;
        return this;
    }

    /** Lengths about one for q and v, keys of length one, and a change of rank one that keeps the state bounded. */
    static DoubleRecurrence randomHead(Random random, int length, int keySize, int valueSize) {
        double[][] keys = random(random, length, keySize);
        DoubleRecurrence head =
                new DoubleRecurrence(random(random, length, keySize), keys, random(random, length, valueSize));
        head.bonus = random(random, 1, keySize)[0];
        head.initial = random(random, keySize, valueSize);
        for (int t = 0; t < length; t++) {
            scale(head.q[t], 1 / Math.sqrt(keySize));
            scale(keys[t], 1 / norm(keys[t]));
            double beta = random.nextDouble();
            double other = 0.1 * random.nextGaussian();
            for (int i = 0; i < keySize; i++) {
                head.logDecay[t][i] = -0.3 * random.nextDouble();
                head.a[t][i] = -keys[t][i] * Math.exp(head.logDecay[t][i]);
                head.b[t][i] = beta * (keys[t][i] + other * keys[t][(i + 1) % keySize]);
            }
        }
        return head;
    }

    static double[][] random(Random random, int rows, int columns) {
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            Arrays.setAll(row, i -> random.nextGaussian());
        }
        return values;
    }

    private static void scale(double[] row, double factor) {
        Arrays.setAll(row, i -> row[i] * factor);
    }

    private static double norm(double[] row) {
        return Math.sqrt(Arrays.stream(row).map(x -> x * x).sum());
    }

    /** Outputs of the reference. */
    Results expected() {
        for (int task = 0; task < reference.length; task++) {
            reference[task].forward().backward(dO[task], dFinal[task]);
        }
        List<double[][][]> values = new ArrayList<>();
        values.add(each(head -> head.o));
        values.add(each(head -> head.state));
        values.add(each(head -> head.dq));
        values.add(each(head -> variant.change == Change.ALONG ? sum(head.dk, head.db) : head.dk));
        values.add(each(head -> head.dv));
        values.add(each(head -> head.dInitial));
        if (bonus()) {
            values.add(each(head -> new double[][] {head.dBonus}));
        }
        if (variant.change != Change.NONE) {
            values.add(each(head -> head.da));
        }
        if (variant.change == Change.APART) {
            values.add(each(head -> head.db));
        }
        switch (variant.decay) {
            case NONE -> {}
            case FIXED -> {
                values.add(each(head -> new double[][] {{total(head.dLogDecay)}}));
                fixedScale = Arrays.stream(reference)
                        .mapToDouble(head -> Arrays.stream(head.dLogDecay)
                                .flatMapToDouble(Arrays::stream)
                                .map(Math::abs)
                                .sum())
                        .max()
                        .orElseThrow();
            }
            case SCALAR ->
                values.add(each(head -> Arrays.stream(head.dLogDecay)
                        .map(row -> new double[] {Arrays.stream(row).sum()})
                        .toArray(double[][]::new)));
            case VECTOR -> values.add(each(head -> head.dLogDecay));
        }
        return new Results(values);
    }

    private static double[][] sum(double[][] x, double[][] y) {
        double[][] sum = new double[x.length][];
        Arrays.setAll(
                sum,
                row -> IntStream.range(0, x[row].length)
                        .mapToDouble(i -> x[row][i] + y[row][i])
                        .toArray());
        return sum;
    }

    private static double total(double[][] matrix) {
        return Arrays.stream(matrix).flatMapToDouble(Arrays::stream).sum();
    }

    private double[][][] each(Function<DoubleRecurrence, double[][]> part) {
        return Arrays.stream(reference).map(part).toArray(double[][][]::new);
    }

    /** The names of the results. */
    List<String> names() {
        List<String> names = new ArrayList<>(List.of("o", "S", "dq", "dk", "dv", "dS0"));
        if (bonus()) {
            names.add("du");
        }
        if (variant.change != Change.NONE) {
            names.add("da");
        }
        if (variant.change == Change.APART) {
            names.add("db");
        }
        if (variant.decay != RecurrenceKernel.DecayKind.NONE) {
            names.add("dlogw");
        }
        return names;
    }

    /** The inputs as tensors. */
    RecurrenceInputs inputs(Compute compute) {
        RecurrenceInputs inputs = RecurrenceInputs.of(
                        shared(compute, each(head -> head.q)),
                        shared(compute, each(head -> head.k)),
                        heads(compute, each(head -> head.v), dtype))
                .withInitial(states(compute, each(head -> head.initial)))
                .withDocuments(documents(compute));
        inputs = switch (variant.change) {
            case NONE -> inputs;
            case ALONG -> inputs.withErase(Erase.along(shared(compute, each(head -> head.a))));
            case APART ->
                inputs.withErase(
                        Erase.apart(shared(compute, each(head -> head.a)), shared(compute, each(head -> head.b))));
        };
        if (bonus()) {
            double[][] bonus = new double[heads][];
            Arrays.setAll(bonus, head -> reference[head].bonus);
            inputs = inputs.withBonus(states(compute, new double[][][] {bonus}));
        }
        return switch (variant.decay) {
            case NONE -> inputs;
            case FIXED -> {
                double[][] fixed = new double[heads][];
                Arrays.setAll(fixed, head -> new double[] {reference[head].logDecay[0][0]});
                yield inputs.withDecay(Decay.fixed(states(compute, new double[][][] {fixed})));
            }
            case SCALAR ->
                inputs.withDecay(Decay.perToken(heads(
                        compute,
                        each(head -> Arrays.stream(head.logDecay)
                                .map(row -> new double[] {row[0]})
                                .toArray(double[][]::new)),
                        DType.F32)));
            case VECTOR -> inputs.withDecay(Decay.perToken(heads(compute, each(head -> head.logDecay), DType.F32)));
        };
    }

    Results run(Compute compute) {
        RecurrenceInputs inputs = inputs(compute);
        Heads o = heads(compute, dO, dtype);
        Tensor state = states(compute, dFinal);
        Tensor saved = Recurrence.allocateSaved(compute, spec, inputs);
        Recurrence.forward(compute, spec, inputs, o, Optional.of(saved), Optional.of(state));
        RecurrenceGradients gradients = RecurrenceGradients.of(
                        heads(compute, dO(keySize), dtype),
                        heads(compute, dO(keySize), dtype),
                        heads(compute, dO, dtype))
                .withInitial(states(compute, dFinal));
        gradients = switch (variant.change) {
            case NONE -> gradients;
            case ALONG -> gradients.withErase(Erase.along(heads(compute, dO(keySize), dtype)));
            case APART ->
                gradients.withErase(
                        Erase.apart(heads(compute, dO(keySize), dtype), heads(compute, dO(keySize), dtype)));
        };
        if (bonus()) {
            gradients = gradients.withBonus(
                    compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(reference.length, keySize)));
        }
        if (variant.decay == RecurrenceKernel.DecayKind.FIXED) {
            gradients = gradients.withFixedDecay(
                    compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(reference.length)));
        } else if (variant.decay != RecurrenceKernel.DecayKind.NONE) {
            int size = variant.decay == RecurrenceKernel.DecayKind.SCALAR ? 1 : keySize;
            gradients = gradients.withDecay(heads(compute, dO(size), DType.F32));
        }
        Recurrence.backward(
                compute,
                spec,
                inputs,
                saved,
                heads(compute, dO, dtype),
                Optional.of(states(compute, dFinal)),
                gradients);
        return results(o, state, gradients);
    }

    private double[][][] dO(int columns) {
        return new double[reference.length][spec.length()][columns];
    }

    private Results results(Heads o, Tensor state, RecurrenceGradients gradients) {
        List<double[][][]> values = new ArrayList<>();
        values.add(values(o));
        values.add(values(state, keySize, valueSize));
        values.add(values(gradients.q()));
        values.add(values(gradients.k()));
        values.add(values(gradients.v()));
        values.add(values(gradients.initial().orElseThrow(), keySize, valueSize));
        gradients.bonus().ifPresent(bonus -> values.add(values(bonus, 1, keySize)));
        gradients.erase().ifPresent(erase -> {
            values.add(values(erase.a()));
            erase.b().ifPresent(b -> values.add(values(b)));
        });
        gradients.fixedDecay().ifPresent(decay -> values.add(values(decay, 1, 1)));
        gradients.decay().ifPresent(decay -> values.add(values(decay)));
        return new Results(values);
    }

    private Heads shared(Compute compute, double[][][] values) {
        double[][][] first = new double[values.length / sharing][][];
        Arrays.setAll(first, i -> values[i * sharing]);
        return heads(compute, first, dtype, heads / sharing);
    }

    /** Heads of a new tensor that has a column more on either side. */
    Heads heads(Compute compute, double[][][] values, DType type) {
        return heads(compute, values, type, heads);
    }

    private Heads heads(Compute compute, double[][][] values, DType type, int count) {
        int size = values[0][0].length;
        int columns = count * size + 2;
        Tensor tensor = compute.memory()
                .zeros(Category.ACTIVATIONS, type, Shape.of((long) spec.batch() * spec.length(), columns));
        for (int task = 0; task < values.length; task++) {
            for (int t = 0; t < spec.length(); t++) {
                for (int i = 0; i < size; i++) {
                    long row = (long) (task / count) * spec.length() + t;
                    tensor.set(row * columns + 1 + (long) (task % count) * size + i, (float) values[task][t][i]);
                }
            }
        }
        return new Heads(tensor, 1, count, size);
    }

    private double[][][] values(Heads source) {
        double[][][] values = new double[reference.length][spec.length()][source.headSize()];
        long columns = source.tensor().shape().columns();
        for (int task = 0; task < values.length; task++) {
            for (int t = 0; t < spec.length(); t++) {
                for (int i = 0; i < source.headSize(); i++) {
                    long row = (long) (task / heads) * spec.length() + t;
                    values[task][t][i] =
                            source.tensor().get(row * columns + 1 + (long) (task % heads) * source.headSize() + i);
                }
            }
        }
        return values;
    }

    static Tensor states(Compute compute, double[][][] values) {
        Tensor tensor = compute.memory()
                .allocate(
                        Category.ACTIVATIONS,
                        DType.F32,
                        Shape.of(values.length, values[0].length, values[0][0].length));
        long index = 0;
        for (double[][] matrix : values) {
            for (double[] row : matrix) {
                for (double value : row) {
                    tensor.set(index++, (float) value);
                }
            }
        }
        return tensor;
    }

    private double[][][] values(Tensor source, int rows, int columns) {
        double[][][] values = new double[reference.length][rows][columns];
        long index = 0;
        for (double[][] matrix : values) {
            for (double[] row : matrix) {
                for (int i = 0; i < columns; i++) {
                    row[i] = source.get(index++);
                }
            }
        }
        return values;
    }

    private Tensor documents(Compute compute) {
        Tensor tensor = compute.memory()
                .allocate(Category.ACTIVATIONS, DType.I32, Shape.of((long) spec.batch() * spec.length()));
        for (int sequence = 0; sequence < spec.batch(); sequence++) {
            for (int t = 0; t < spec.length(); t++) {
                tensor.setInt((long) sequence * spec.length() + t, reference[sequence * heads].documents[t]);
            }
        }
        return tensor;
    }

    /** Each result within {@code bound} of the expected, relative to the largest element of it. */
    void assertClose(Results actual, Results expected, double bound, String what) {
        List<String> names = names();
        assertThat(actual.values()).hasSameSizeAs(names);
        for (int i = 0; i < names.size(); i++) {
            double distance = 0;
            double largest = variant.decay == RecurrenceKernel.DecayKind.FIXED
                            && names.get(i).equals("dlogw")
                    ? fixedScale
                    : 0;
            for (int task = 0; task < reference.length; task++) {
                double[][] wanted = expected.values().get(i)[task];
                distance = Math.max(
                        distance,
                        Golden.distance(actual.values().get(i)[task], wanted).orElseThrow());
                largest = Math.max(
                        largest,
                        Arrays.stream(wanted)
                                .flatMapToDouble(Arrays::stream)
                                .map(Math::abs)
                                .max()
                                .orElse(0));
            }
            assertThat(distance)
                    .as("%s of %s, %s, %s: largest is %s", names.get(i), variant, spec, what, largest)
                    .isLessThanOrEqualTo(bound * largest + Float.MIN_NORMAL);
        }
    }
}
