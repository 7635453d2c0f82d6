package dev.braid.tensor.matmul;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The functions of oneDNN's C interface that matrix products need, called without copies. Pointers are longs. The library
 * lies in a jar on the class path, with the OpenMP runtime beside it, and is loaded once a process.
 *
 * <p>Any thread may call. A status other than success is an {@link IllegalStateException} with oneDNN's own word for it.
 */
final class OneDnn {
    static final int F32 = 3;
    static final int BF16 = 2;
    static final int ARGUMENT_SOURCE = 1;
    static final int ARGUMENT_WEIGHTS = 33;
    static final int ARGUMENT_DESTINATION = 17;
    static final int ARGUMENT_SCRATCHPAD = 80;

    private static final int KIND_CPU = 1;
    private static final int STREAM_IN_ORDER = 1;
    private static final int SCRATCHPAD_BY_USER = 1;
    private static final int QUERY_SCRATCHPAD = 136;
    private static final int SUCCESS = 0;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final Library LIBRARY = Library.open();

    private static final MethodHandle VERSION = find("dnnl_version", LONG);
    private static final MethodHandle EFFECTIVE_ISA = find("dnnl_get_effective_cpu_isa", INT);
    private static final MethodHandle ISA_NAME = find("dnnl_cpu_isa2str", LONG, INT);
    private static final MethodHandle STATUS_NAME = find("dnnl_status2str", LONG, INT);
    private static final MethodHandle SET_THREADS = findVoid("omp_set_num_threads", INT);
    private static final MethodHandle ENGINE_CREATE = find("dnnl_engine_create", INT, LONG, INT, LONG);
    private static final MethodHandle ENGINE_DESTROY = find("dnnl_engine_destroy", INT, LONG);
    private static final MethodHandle STREAM_CREATE = find("dnnl_stream_create", INT, LONG, LONG, INT);
    private static final MethodHandle STREAM_DESTROY = find("dnnl_stream_destroy", INT, LONG);
    private static final MethodHandle LAYOUT_CREATE =
            find("dnnl_memory_desc_create_with_strides", INT, LONG, INT, LONG, INT, LONG);
    private static final MethodHandle LAYOUT_SIZE = find("dnnl_memory_desc_get_size", LONG, LONG);
    private static final MethodHandle LAYOUT_DESTROY = find("dnnl_memory_desc_destroy", INT, LONG);
    private static final MethodHandle ATTRIBUTES_CREATE = find("dnnl_primitive_attr_create", INT, LONG);
    private static final MethodHandle ATTRIBUTES_DESTROY = find("dnnl_primitive_attr_destroy", INT, LONG);
    private static final MethodHandle SET_SCRATCHPAD = find("dnnl_primitive_attr_set_scratchpad_mode", INT, LONG, INT);
    private static final MethodHandle SET_POST_OPS = find("dnnl_primitive_attr_set_post_ops", INT, LONG, LONG);
    private static final MethodHandle POST_OPS_CREATE = find("dnnl_post_ops_create", INT, LONG);
    private static final MethodHandle POST_OPS_DESTROY = find("dnnl_post_ops_destroy", INT, LONG);
    private static final MethodHandle APPEND_SUM =
            find("dnnl_post_ops_append_sum", INT, LONG, ValueLayout.JAVA_FLOAT, INT, INT);
    private static final MethodHandle MATMUL_CREATE =
            find("dnnl_matmul_primitive_desc_create", INT, LONG, LONG, LONG, LONG, LONG, LONG, LONG);
    private static final MethodHandle DESCRIPTION_QUERY = find("dnnl_primitive_desc_query_md", LONG, LONG, INT, INT);
    private static final MethodHandle DESCRIPTION_DESTROY = find("dnnl_primitive_desc_destroy", INT, LONG);
    private static final MethodHandle PRIMITIVE_CREATE = find("dnnl_primitive_create", INT, LONG, LONG);
    private static final MethodHandle PRIMITIVE_DESTROY = find("dnnl_primitive_destroy", INT, LONG);
    private static final MethodHandle EXECUTE = find("dnnl_primitive_execute", INT, LONG, LONG, INT, LONG);
    private static final MethodHandle MEMORY_CREATE = find("dnnl_memory_create", INT, LONG, LONG, LONG, LONG);
    private static final MethodHandle MEMORY_SET = find("dnnl_memory_set_data_handle", INT, LONG, LONG);
    private static final MethodHandle MEMORY_DESTROY = find("dnnl_memory_destroy", INT, LONG);

    private OneDnn() {}

    /** The loaded library, or why there is none. */
    private record Library(SymbolLookup symbols, String failure) {
        static Library open() {
            String platform = platform();
            String prefix = "org/bytedeco/dnnl/" + platform + "/";
            if (OneDnn.class.getClassLoader().getResource(prefix + "libdnnl.so.3") == null) {
                return new Library(null, "no oneDNN library for " + platform + " is on the class path");
            }
            try {
                Path folder = NativeLibraryCache.forUser()
                        .extract(OneDnn.class.getClassLoader(), prefix, List.of("libdnnl.so.3", "libgomp.so.1"));
                return new Library(SymbolLookup.libraryLookup(folder.resolve("libdnnl.so.3"), Arena.global()), null);
            } catch (IOException | IllegalArgumentException | UnsatisfiedLinkError failure) {
                return new Library(null, "oneDNN could not be loaded: " + failure.getMessage());
            }
        }

        private static String platform() {
            String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
            String processor = System.getProperty("os.arch");
            return (system.contains("linux") ? "linux" : system.replace(' ', '-')) + "-"
                    + (processor.equals("amd64") ? "x86_64" : processor);
        }
    }

    /** Why the library cannot be used on this machine, or null when it can. */
    static String missing() {
        return LIBRARY.failure;
    }

    private static MethodHandle find(String symbol, MemoryLayout result, MemoryLayout... arguments) {
        return link(symbol, FunctionDescriptor.of(result, arguments));
    }

    private static MethodHandle findVoid(String symbol, MemoryLayout... arguments) {
        return link(symbol, FunctionDescriptor.ofVoid(arguments));
    }

    private static MethodHandle link(String symbol, FunctionDescriptor descriptor) {
        // A symbol of the OpenMP runtime is found too: the look-up searches what the library was linked with, so that
        // it
        // is the same runtime even when another library of this process has brought its own.
        return LIBRARY.symbols == null
                ? null
                : Linker.nativeLinker().downcallHandle(LIBRARY.symbols.findOrThrow(symbol), descriptor);
    }

    /** Version and instruction set, such as {@code 3.11.0, avx512_core_bf16}. */
    static String version() {
        try {
            MemorySegment version =
                    MemorySegment.ofAddress((long) VERSION.invokeExact()).reinterpret(12);
            String isa = text((long) ISA_NAME.invokeExact((int) EFFECTIVE_ISA.invokeExact()));
            return version.getAtIndex(INT, 0) + "." + version.getAtIndex(INT, 1) + "." + version.getAtIndex(INT, 2)
                    + ", " + isa.replace("cpu_isa_", "");
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    private static String text(long address) {
        return MemorySegment.ofAddress(address).reinterpret(256).getString(0);
    }

    /** Makes OpenMP use one thread for what the calling thread runs. */
    static void useOneThread() {
        try {
            SET_THREADS.invokeExact(1);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static long createEngine() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(LONG);
            check("engine", (int) ENGINE_CREATE.invokeExact(out.address(), KIND_CPU, 0L));
            return out.get(LONG, 0);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static long createStream(long engine) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(LONG);
            check("stream", (int) STREAM_CREATE.invokeExact(out.address(), engine, STREAM_IN_ORDER));
            return out.get(LONG, 0);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** A description of a matrix: extents and strides in elements. */
    static long createLayout(long rows, long columns, int dtype, long rowStride, long columnStride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(LONG);
            MemorySegment extents = arena.allocateFrom(LONG, rows, columns);
            MemorySegment strides = arena.allocateFrom(LONG, rowStride, columnStride);
            check("matrix description", (int)
                    LAYOUT_CREATE.invokeExact(out.address(), 2, extents.address(), dtype, strides.address()));
            return out.get(LONG, 0);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** The description of a product over three layouts, with its scratch given by the caller. */
    static long createMatmul(long engine, long source, long weights, long destination, boolean accumulate) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(LONG);
            check("attributes", (int) ATTRIBUTES_CREATE.invokeExact(out.address()));
            long attributes = out.get(LONG, 0);
            check("scratchpad", (int) SET_SCRATCHPAD.invokeExact(attributes, SCRATCHPAD_BY_USER));
            if (accumulate) {
                check("post-operations", (int) POST_OPS_CREATE.invokeExact(out.address()));
                long operations = out.get(LONG, 0);
                check("sum", (int) APPEND_SUM.invokeExact(operations, 1.0f, 0, 0));
                check("post-operations", (int) SET_POST_OPS.invokeExact(attributes, operations));
                check("post-operations", (int) POST_OPS_DESTROY.invokeExact(operations));
            }
            check("matrix product", (int)
                    MATMUL_CREATE.invokeExact(out.address(), engine, source, weights, 0L, destination, attributes));
            check("attributes", (int) ATTRIBUTES_DESTROY.invokeExact(attributes));
            return out.get(LONG, 0);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** The layout of the scratch that a description asks for; it belongs to the description. */
    static long scratchLayout(long description) {
        try {
            return (long) DESCRIPTION_QUERY.invokeExact(description, QUERY_SCRATCHPAD, 0);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** Bytes of a layout. */
    static long bytes(long layout) {
        try {
            return (long) LAYOUT_SIZE.invokeExact(layout);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static long createPrimitive(long description) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(LONG);
            check("primitive", (int) PRIMITIVE_CREATE.invokeExact(out.address(), description));
            return out.get(LONG, 0);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** A memory object without memory: {@link #point} gives it some. */
    static long createMemory(long layout, long engine) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(LONG);
            check("memory", (int) MEMORY_CREATE.invokeExact(out.address(), layout, engine, 0L));
            return out.get(LONG, 0);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** Lets a memory object stand for what is at {@code address}. */
    static void point(long memory, long address) {
        try {
            check("memory", (int) MEMORY_SET.invokeExact(memory, address));
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** Runs a primitive; {@code arguments} points to {@code count} pairs of argument number and memory object. */
    static void execute(long primitive, long stream, int count, long arguments) {
        try {
            check("product", (int) EXECUTE.invokeExact(primitive, stream, count, arguments));
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static void destroyEngine(long engine) {
        destroy(ENGINE_DESTROY, engine);
    }

    static void destroyStream(long stream) {
        destroy(STREAM_DESTROY, stream);
    }

    static void destroyLayout(long layout) {
        destroy(LAYOUT_DESTROY, layout);
    }

    static void destroyDescription(long description) {
        destroy(DESCRIPTION_DESTROY, description);
    }

    static void destroyPrimitive(long primitive) {
        destroy(PRIMITIVE_DESTROY, primitive);
    }

    static void destroyMemory(long memory) {
        destroy(MEMORY_DESTROY, memory);
    }

    private static void destroy(MethodHandle function, long object) {
        try {
            check("release", (int) function.invokeExact(object));
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    private static void check(String what, int status) throws Throwable {
        if (status != SUCCESS) {
            throw new IllegalStateException(
                    "oneDNN refused the " + what + ": " + text((long) STATUS_NAME.invokeExact(status)));
        }
    }

    private static RuntimeException unexpected(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return failure instanceof RuntimeException runtime ? runtime : new IllegalStateException(failure);
    }
}
