package dev.braid.tensor.matmul;

import dev.braid.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Products by oneDNN's {@code matmul} primitive, one thread inside. Primitives are made once for each spec and kept.
 *
 * <p>Canonical arithmetic: for two and more rows and columns the library adds in an order that depends on k alone. For a
 * single row or column it switches to a matrix-vector routine with another order (and long runs with it ended in a damaged
 * heap), so such a product is computed with a second row or column of zeros in scratch memory.
 */
final class OneDnnEngine implements MatmulEngine {
    /** Specs whose primitives are kept; a run has some dozens, only changing lengths of text make more. */
    private static final int KEPT = 1_000;

    private final Map<MatmulSpec, Product> products = new ConcurrentHashMap<>();
    private final int workspaces;
    private final int kept;
    private final long engine;
    private final long[] streams;

    /**
     * An engine for {@code workspaces} workspaces.
     *
     * @throws IllegalStateException if there is no oneDNN for this machine; {@link OneDnn#missing} says so beforehand
     */
    OneDnnEngine(int workspaces) {
        this(workspaces, KEPT);
    }

    OneDnnEngine(int workspaces, int kept) {
        String missing = OneDnn.missing();
        if (missing != null) {
            throw new IllegalStateException(missing);
        }
        this.workspaces = workspaces;
        this.kept = kept;
        engine = OneDnn.createEngine();
        streams = new long[workspaces];
        for (int i = 0; i < workspaces; i++) {
            streams[i] = OneDnn.createStream(engine);
        }
    }

    /** Memory objects of one workspace for one product. */
    private record Arguments(long a, long b, long c, long scratch, long list, Arena arena) {}

    /** A primitive and what is needed to run it. */
    private static final class Product {
        final long primitive;
        final long scratchBytes;
        final long layoutA;
        final long layoutB;
        final long layoutC;
        final long description;
        final Arguments[] arguments;

        Product(long engine, MatmulSpec spec, int workspaces) {
            int operand = dtype(spec.operands());
            layoutA = spec.transposeA()
                    ? OneDnn.createLayout(spec.m(), spec.k(), operand, 1, spec.strideA())
                    : OneDnn.createLayout(spec.m(), spec.k(), operand, spec.strideA(), 1);
            layoutB = spec.transposeB()
                    ? OneDnn.createLayout(spec.k(), spec.n(), operand, 1, spec.strideB())
                    : OneDnn.createLayout(spec.k(), spec.n(), operand, spec.strideB(), 1);
            layoutC = OneDnn.createLayout(spec.m(), spec.n(), dtype(spec.result()), spec.strideC(), 1);
            description = OneDnn.createMatmul(engine, layoutA, layoutB, layoutC, spec.accumulate());
            primitive = OneDnn.createPrimitive(description);
            scratchBytes = OneDnn.bytes(OneDnn.scratchLayout(description));
            arguments = new Arguments[workspaces];
        }

        private static int dtype(DType dtype) {
            return switch (dtype) {
                case F32 -> OneDnn.F32;
                case BF16 -> OneDnn.BF16;
                case I32, I8 -> throw new IllegalArgumentException("no matrix products of " + dtype);
            };
        }

        Arguments arguments(long engine, int workspace) {
            if (arguments[workspace] == null) {
                arguments[workspace] = createArguments(engine);
            }
            return arguments[workspace];
        }

        private Arguments createArguments(long engine) {
            long[] memories = {
                OneDnn.createMemory(layoutA, engine),
                OneDnn.createMemory(layoutB, engine),
                OneDnn.createMemory(layoutC, engine),
                OneDnn.createMemory(OneDnn.scratchLayout(description), engine)
            };
            int[] kinds = {
                OneDnn.ARGUMENT_SOURCE, OneDnn.ARGUMENT_WEIGHTS, OneDnn.ARGUMENT_DESTINATION, OneDnn.ARGUMENT_SCRATCHPAD
            };
            Arena arena = Arena.ofShared();
            MemorySegment list = arena.allocate(16L * kinds.length, 8);
            for (int i = 0; i < kinds.length; i++) {
                list.set(ValueLayout.JAVA_INT, 16L * i, kinds[i]);
                list.set(ValueLayout.JAVA_LONG, 16L * i + 8, memories[i]);
            }
            return new Arguments(memories[0], memories[1], memories[2], memories[3], list.address(), arena);
        }

        void close() {
            for (Arguments each : arguments) {
                if (each != null) {
                    OneDnn.destroyMemory(each.a);
                    OneDnn.destroyMemory(each.b);
                    OneDnn.destroyMemory(each.c);
                    OneDnn.destroyMemory(each.scratch);
                    each.arena.close();
                }
            }
            OneDnn.destroyPrimitive(primitive);
            OneDnn.destroyDescription(description);
            OneDnn.destroyLayout(layoutA);
            OneDnn.destroyLayout(layoutB);
            OneDnn.destroyLayout(layoutC);
        }
    }

    @Override
    public String name() {
        return "onednn";
    }

    @Override
    public String describe() {
        return "onednn " + OneDnn.version();
    }

    @Override
    public long prepare(MatmulSpec spec) {
        if (products.size() >= kept) {
            clear();
        }
        Padding padding = Padding.of(spec);
        MatmulSpec padded = padding.spec();
        return padding.bytes() + product(padded).scratchBytes;
    }

    private Product product(MatmulSpec spec) {
        Product known = products.get(spec);
        return known != null
                ? known
                : products.computeIfAbsent(spec, missing -> new Product(engine, missing, workspaces));
    }

    @Override
    public void run(MatmulSpec spec, long a, long b, long c, Workspace workspace) {
        if (spec.m() > 1 && spec.n() > 1) {
            execute(spec, a, b, c, workspace, 0);
            return;
        }
        Padding padding = Padding.of(spec);
        long scratch = workspace.address();
        padding.load(a, b, c, scratch);
        execute(
                padding.spec(),
                padding.addressA(a, scratch),
                padding.addressB(b, scratch),
                padding.addressC(scratch),
                workspace,
                padding.bytes());
        padding.store(c, scratch);
    }

    private void execute(MatmulSpec spec, long a, long b, long c, Workspace workspace, long scratchOffset) {
        Product product = product(spec);
        Arguments arguments = product.arguments(engine, workspace.index());
        OneDnn.point(arguments.a, a);
        OneDnn.point(arguments.b, b);
        OneDnn.point(arguments.c, c);
        if (product.scratchBytes > 0) {
            OneDnn.point(arguments.scratch, workspace.address() + scratchOffset);
        }
        OneDnn.useOneThread();
        OneDnn.execute(product.primitive, streams[workspace.index()], 4, arguments.list);
    }

    /** Specs whose primitives exist now. */
    int products() {
        return products.size();
    }

    private void clear() {
        products.values().forEach(Product::close);
        products.clear();
    }

    @Override
    public void close() {
        clear();
        for (long stream : streams) {
            OneDnn.destroyStream(stream);
        }
        OneDnn.destroyEngine(engine);
    }
}
