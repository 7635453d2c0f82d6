package dev.braid.tensor;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/** Asks Linux to back a large block by huge pages: fewer TLB misses. Elsewhere, or when refused, does nothing. */
final class HugePages {
    private static final int MADV_HUGEPAGE = 14;
    private static final Optional<MethodHandle> MADVISE = find();

    private HugePages() {}

    private static Optional<MethodHandle> find() {
        if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
            return Optional.empty();
        }
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find("madvise")
                .map(symbol -> linker.downcallHandle(
                        symbol,
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_INT)));
    }

    static void advise(MemorySegment segment) {
        if (MADVISE.isEmpty()) {
            return;
        }
        try {
            // The answer is not looked at: the advice is an optimisation, and a kernel without huge pages refuses it.
            int ignored = (int) MADVISE.get().invokeExact(segment, segment.byteSize(), MADV_HUGEPAGE);
        } catch (Throwable failure) {
            throw new IllegalStateException("madvise could not be called", failure);
        }
    }
}
