package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.Slices;
import dev.braid.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Draws programs: most of them small, some with transfers of every kind. */
final class ProgramGenerator {
    private static final List<Algorithm> ALGORITHMS = List.of(
            Algorithm.AUTO,
            Algorithm.DIRECT,
            Algorithm.GATHER_ADD,
            Algorithm.RING,
            Algorithm.RECURSIVE_DOUBLING,
            Algorithm.HIERARCHICAL);

    /** How large the operations of a program are. */
    enum Size {
        /** Up to some KB: many frames of every kind, little to carry. */
        SMALL(6_000, 12),
        /** Up to some tens of KB: several segments, transfers that need a grant. */
        MEDIUM(50_000, 6),
        /** Up to 200 KB. */
        LARGE(200_000, 3),
        /** Many messages to a rank that comes late: more than their credit. */
        BURST(15_000, 24);

        final int bytes;
        final int operations;

        Size(int bytes, int operations) {
            this.bytes = bytes;
            this.operations = operations;
        }
    }

    private final long seed;
    private final SplittableRandom random;
    private final List<List<Integer>> groups = new ArrayList<>();
    private int[] hosts;
    private Algorithm algorithm;
    private Size size;
    private int index;

    private ProgramGenerator(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed ^ 0x70726F6772616DL);
    }

    /** The program of a seed, for 2 to 5 ranks. */
    static Program draw(long seed) {
        return new ProgramGenerator(seed).program();
    }

    /** As {@link #draw}, of a given size and algorithm. */
    static Program draw(long seed, Size size, int ranks, Algorithm algorithm) {
        return new ProgramGenerator(seed).program(size, ranks, algorithm);
    }

    private Program program() {
        int choice = random.nextInt(100);
        Size drawn = choice < 88 ? Size.SMALL : choice < 97 ? Size.MEDIUM : choice < 99 ? Size.LARGE : Size.BURST;
        int ranks = random.nextInt(2, 6);
        return program(drawn, ranks, ALGORITHMS.get(random.nextInt(ALGORITHMS.size())));
    }

    private Program program(Size ofSize, int ranks, Algorithm asked) {
        size = ofSize;
        hosts = IntStream.range(0, ranks).map(rank -> random.nextInt(3)).toArray();
        groups.add(IntStream.range(0, ranks).boxed().toList());
        for (int count = random.nextInt(4); count > 0; count--) {
            groups.add(members(ranks));
        }
        algorithm =
                asked == Algorithm.HIERARCHICAL && !groups.stream().allMatch(this::balanced) ? Algorithm.AUTO : asked;
        List<List<Plan>> rounds = new ArrayList<>();
        int left = size == Size.BURST ? size.operations : random.nextInt(1, size.operations + 1);
        while (left > 0) {
            int count = size == Size.BURST ? left : random.nextInt(1, Math.min(left, 6) + 1);
            rounds.add(IntStream.range(0, count).mapToObj(any -> plan()).toList());
            left -= count;
        }
        SimulatedMemory.Sharing sharing = random.nextBoolean()
                ? SimulatedMemory.Sharing.NONE
                : SimulatedMemory.Sharing.values()[random.nextInt(1, 4)];
        long thinks = random.nextInt(3) > 0 ? 0 : Math.round(Math.pow(10, random.nextDouble(3, 6)));
        return new Program(
                seed, ranks, hosts, algorithm, sharing, List.copyOf(groups), rounds, random.nextInt(3), thinks);
    }

    private List<Integer> members(int ranks) {
        List<Integer> members = new ArrayList<>();
        for (int rank : groups.getFirst()) {
            if (random.nextInt(3) > 0) {
                members.add(random.nextInt(members.size() + 1), rank);
            }
        }
        if (members.isEmpty()) {
            members.add(random.nextInt(ranks));
        }
        return members;
    }

    private Map<Integer, List<Integer>> byHost(List<Integer> members) {
        Map<Integer, List<Integer>> ranks = new LinkedHashMap<>();
        for (int place = 0; place < members.size(); place++) {
            ranks.computeIfAbsent(hosts[members.get(place)], any -> new ArrayList<>())
                    .add(place);
        }
        return ranks;
    }

    private boolean balanced(List<Integer> members) {
        return byHost(members).values().stream().mapToInt(List::size).distinct().count() == 1;
    }

    private Plan plan() {
        int group = random.nextInt(groups.size());
        List<Integer> members = groups.get(group);
        int n = members.size();
        OperationKind kind = size == Size.BURST
                ? OperationKind.POINT_TO_POINT
                : OperationKind.values()[random.nextInt(OperationKind.values().length)];
        if (kind == OperationKind.POINT_TO_POINT && n == 1) {
            kind = OperationKind.BARRIER;
        }
        ReduceOp op = reduces(kind) ? ReduceOp.values()[random.nextInt(3)] : null;
        DType dtype = dtype(op);
        boolean even = random.nextBoolean() || kind == OperationKind.ALL_REDUCE;
        int root = random.nextInt(n);
        List<List<Integer>> byHost = List.copyOf(byHost(members).values());
        return new Plan(
                index++,
                group,
                members,
                kind,
                dtype,
                order(kind, byHost),
                op,
                counts(kind, dtype, n, even),
                even,
                random.nextInt(3) == 0,
                root,
                (root + 1 + (n > 1 ? random.nextInt(n - 1) : 0)) % n,
                random.nextInt(2),
                IntStream.range(0, n).map(any -> random.nextInt(Values.STARTS)).toArray(),
                byHost,
                new byte[n][]);
    }

    private static boolean reduces(OperationKind kind) {
        return kind == OperationKind.ALL_REDUCE || kind == OperationKind.REDUCE_SCATTER;
    }

    private DType dtype(ReduceOp op) {
        DType dtype = DType.values()[random.nextInt(4)];
        boolean refused = op == ReduceOp.MEAN && !dtype.floating() || op == ReduceOp.SUM && dtype == DType.I8;
        return refused ? DType.F32 : dtype;
    }

    private Algorithm order(OperationKind kind, List<List<Integer>> byHost) {
        return switch (algorithm) {
            case RING -> Algorithm.RING;
            case RECURSIVE_DOUBLING -> kind == OperationKind.ALL_REDUCE ? algorithm : Algorithm.DIRECT;
            case HIERARCHICAL -> kind == OperationKind.ALL_REDUCE && byHost.size() > 1 ? algorithm : Algorithm.DIRECT;
            case AUTO, DIRECT, GATHER_ADD, TREE -> Algorithm.DIRECT;
        };
    }

    private long[] counts(OperationKind kind, DType dtype, int n, boolean even) {
        long whole = count(dtype);
        return switch (kind) {
            case BROADCAST, POINT_TO_POINT -> new long[] {whole};
            case GATHER -> new long[] {whole / n};
            case BARRIER -> new long[] {0};
            case ALL_REDUCE -> Slices.sizes(whole, n);
            case REDUCE_SCATTER, ALL_GATHER -> even ? Slices.sizes(whole, n) : parts(whole, n);
            case ALL_TO_ALL -> even ? square(whole / n / n, n) : parts(whole, n * n);
        };
    }

    private long count(DType dtype) {
        if (random.nextInt(8) == 0) {
            return random.nextInt(4);
        }
        double most = Math.min((double) size.bytes / dtype.bytes(), Values.LONGEST);
        return size == Size.BURST
                ? Math.round(most)
                : Math.round(Math.pow(most, random.nextDouble(size == Size.SMALL ? 0 : 0.7, 1)));
    }

    private static long[] square(long each, int n) {
        long[] counts = new long[n * n];
        java.util.Arrays.fill(counts, each);
        return counts;
    }

    /** Uneven parts, some of them empty. */
    private long[] parts(long whole, int n) {
        long[] parts = new long[n];
        long left = whole;
        for (int part = 0; part < n - 1 && left > 0; part++) {
            parts[part] = random.nextInt(4) == 0 ? 0 : Math.min(left, random.nextLong(2 * whole / n + 1));
            left -= parts[part];
        }
        parts[n - 1] = left;
        return parts;
    }
}
