package dev.braid.tensor.matmul;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.pointers.PagedPointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/** ND4J's {@code matmul} operation on memory that is ours. */
final class Nd4jLibrary {
    private static final String EXTENSION_PROPERTY = "org.bytedeco.javacpp.platform.extension";
    private static final String LIMIT_PROPERTY = "org.bytedeco.javacpp.maxphysicalbytes";
    private static final String AVX512 = "-onednn-avx512";
    private static final String FOLDER = "org/nd4j/linalg/cpu/nativecpu/bindings/linux-x86_64";

    private final NativeOps operations;
    private final Mmul matmul = new Mmul();

    /** Loads the native library, which takes about a second; {@link #missing} must have been asked before. */
    Nd4jLibrary() {
        // The holder of the operations fails when it is touched before the factory has chosen its backend.
        String backend = Nd4j.getBackend().getClass().getSimpleName();
        operations = NativeOpsHolder.getInstance().getDeviceNativeOps();
        if (operations == null) {
            throw new IllegalStateException("ND4J's backend " + backend + " has no native operations");
        }
    }

    /** Why ND4J cannot be used in this process, or null when it can. */
    static String missing() {
        return missing(
                System.getProperty("os.name") + "-" + System.getProperty("os.arch"),
                processorFlags(),
                System.getProperty(EXTENSION_PROPERTY),
                System.getProperty(LIMIT_PROPERTY));
    }

    /**
     * The same for a given platform.
     *
     * @param processorFlags instruction sets as Linux lists them, apart by spaces
     * @param extension which build of the native library was asked for, or null
     * @param limit how much memory JavaCPP lets the process have, or null
     */
    static String missing(String platform, String processorFlags, String extension, String limit) {
        if (!platform.toLowerCase(Locale.ROOT).equals("linux-amd64")) {
            return "ND4J's native library is on the class path for linux-amd64 only, and this is " + platform;
        }
        if (!(" " + processorFlags + " ").contains(" avx512f ")) {
            return "ND4J is on the class path in its build " + AVX512 + ", and this processor has no AVX-512";
        }
        // Without the property JavaCPP takes the build with the extension; with an empty one the plain build, whose
        // BF16
        // products are 500 times slower and whose F32 products do not keep their bits when rows are split.
        if (extension != null && !extension.equals(AVX512)) {
            return "-D" + EXTENSION_PROPERTY + "=" + extension
                    + " asks for another build of ND4J than the one that is fast"
                    + " and exact: leave the property out or set it to " + AVX512;
        }
        // Left to itself JavaCPP refuses to work once the process, our tensors included, is larger than a multiple of
        // its heap.
        if (!"0".equals(limit)) {
            return "ND4J would fail as soon as tensors outgrow a multiple of the Java heap: start the JVM with -D"
                    + LIMIT_PROPERTY + "=0";
        }
        String library = FOLDER + AVX512 + "/libnd4jcpu.so";
        return Nd4jLibrary.class.getClassLoader().getResource(library) == null
                ? "the class path has no " + library + " (jar nd4j-native, classifier linux-x86_64" + AVX512 + ")"
                : null;
    }

    private static String processorFlags() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8)) {
                if (line.startsWith("flags")) {
                    return line.substring(line.indexOf(':') + 1);
                }
            }
            return "";
        } catch (IOException unreadable) {
            return "";
        }
    }

    /** A pointer to memory that ND4J neither owns nor frees. */
    private static final class Borrowed extends Pointer {
        Borrowed(long address, long elements) {
            super((Pointer) null);
            this.address = address;
            this.limit = elements;
            this.capacity = elements;
        }
    }

    /** A dense matrix at {@code address}, without a copy. */
    static INDArray matrix(long address, DataType type, long rows, long columns) {
        long count = rows * columns;
        DataBuffer buffer = Nd4j.createBuffer(new PagedPointer(new Borrowed(address, count), count), count, type);
        return Nd4j.create(buffer, new long[] {rows, columns}, new long[] {columns, 1}, 0, 'c', type);
    }

    /** Arguments of one operation, used again and again by one thread at a time. */
    static OpContext context() {
        return Nd4j.getExecutioner().buildContext();
    }

    /** {@code c = op(a) op(b)} on the calling thread alone. */
    void multiply(OpContext context, INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray c) {
        // ND4J keeps the number of OpenMP threads for each calling thread.
        operations.setOmpNumThreads(1);
        context.setInputArrays(a, b);
        context.setOutputArrays(c);
        context.setIArguments(transposeA ? 1 : 0, transposeB ? 1 : 0, 0);
        Nd4j.getExecutioner().exec(matmul, context);
        // Otherwise the context would keep a native object of each array that it was ever given.
        context.purge();
    }

    /** The version of the jar. */
    static String version() {
        String version = Nd4j.class.getPackage().getImplementationVersion();
        return version == null ? "" : " " + version;
    }
}
