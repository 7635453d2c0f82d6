package dev.braid.tensor;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The few system calls of Linux for memory files. They are called directly because a {@code FileChannel} closes itself when the
 * thread that maps through it is interrupted, and an interrupt is how Spark ends a task. Constants are those of x86-64 and ARM.
 */
final class Posix {
    private static final int CLOSE_ON_EXEC = 1;
    private static final int ALLOW_SEALING = 2;
    private static final int ADD_SEALS = 1033;
    private static final int GET_SEALS = 1034;
    private static final int SEAL_SHRINK = 2;
    private static final int OPEN_READ_CLOSE_ON_EXEC = 0x80000;
    private static final int SEEK_END = 2;
    private static final int PROTECT_ALL = 0;
    private static final int READ = 1;
    private static final int WRITE = 2;
    private static final int SHARED = 1;
    private static final int PRIVATE = 2;
    private static final int FIXED = 0x10;
    private static final int ANONYMOUS = 0x20;
    private static final int NO_RESERVE = 0x4000;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    /** Numbers of errors that have a likely fix, or that are common. */
    private static final Map<Integer, String> ERRORS = Map.of(
            1, "not permitted",
            2, "not there (the process ended, or its files are not visible here)",
            12, "out of memory or of mappings (see vm.max_map_count)",
            13, "permission denied (the processes must run as the same user)",
            23, "too many open files on this machine",
            24, "too many open files in this process (see ulimit -n)",
            38, "the kernel does not have it");

    /** Functions of the C library. fcntl takes its third argument as C's variable ones, which some systems pass elsewhere. */
    private enum Function {
        MEMFD_CREATE(FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT)),
        FCNTL(FunctionDescriptor.of(INT, INT, INT, INT), Linker.Option.firstVariadicArg(2)),
        OPEN(FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT)),
        FTRUNCATE(FunctionDescriptor.of(INT, INT, LONG)),
        LSEEK(FunctionDescriptor.of(LONG, INT, LONG, INT)),
        MMAP(FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG)),
        MUNMAP(FunctionDescriptor.of(INT, LONG, LONG)),
        CLOSE(FunctionDescriptor.of(INT, INT));

        final String symbol = name().toLowerCase(Locale.ROOT);
        final Optional<MethodHandle> handle;

        Function(FunctionDescriptor types, Linker.Option... options) {
            Linker linker = Linker.nativeLinker();
            Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
            all[options.length] = Linker.Option.captureCallState("errno");
            handle = linker.defaultLookup().find(symbol).map(address -> linker.downcallHandle(address, types, all));
        }
    }

    private Posix() {}

    /** True where these calls can exist. */
    static boolean available() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
    }

    /** A new memory file of 0 bytes, which no process can make smaller. Returns its descriptor. */
    static int createMemoryFile(String name) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int file = (int) call(Function.MEMFD_CREATE, arena.allocateFrom(name), CLOSE_ON_EXEC | ALLOW_SEALING);
            try {
                control(file, ADD_SEALS, SEAL_SHRINK);
            } catch (IOException failure) {
                close(file);
                throw failure;
            }
            return file;
        }
    }

    /** True when nobody can make the file smaller, so that a mapping of it stays readable. */
    static boolean neverShrinks(int file) throws IOException {
        return (control(file, GET_SEALS, 0) & SEAL_SHRINK) != 0;
    }

    private static long control(int file, int command, int argument) throws IOException {
        return call(Function.FCNTL, file, command, argument);
    }

    /** Opens a file to read. Returns its descriptor. */
    static int open(String path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            return (int) call(Function.OPEN, arena.allocateFrom(path), OPEN_READ_CLOSE_ON_EXEC);
        }
    }

    /** Makes the file so long, with zeros that take no memory until they are written. */
    static void extend(int file, long bytes) throws IOException {
        call(Function.FTRUNCATE, file, bytes);
    }

    /** Length of the file in bytes. */
    static long length(int file) throws IOException {
        return call(Function.LSEEK, file, 0L, SEEK_END);
    }

    /** Maps a part of a file for reading. Returns the address. */
    static long mapToRead(int file, long offset, long bytes) throws IOException {
        return map(0, bytes, READ, SHARED, file, offset);
    }

    /**
     * Maps a part of a file for reading and writing at an address that is a multiple of {@code alignment}, a power of two.
     * {@code bytes} is a multiple of it too.
     */
    static long mapToWrite(int file, long offset, long bytes, long alignment) throws IOException {
        long reserved = map(0, bytes + alignment, PROTECT_ALL, PRIVATE | ANONYMOUS | NO_RESERVE, -1, 0);
        long address = (reserved + alignment - 1) & -alignment;
        try {
            map(address, bytes, READ | WRITE, SHARED | FIXED, file, offset);
        } catch (IOException failure) {
            unmap(reserved, bytes + alignment);
            throw failure;
        }
        if (address > reserved) {
            unmap(reserved, address - reserved);
        }
        long rest = reserved + alignment - address;
        if (rest > 0) {
            unmap(address + bytes, rest);
        }
        return address;
    }

    /** Zeros that take no memory until they are touched, nor count as memory that was asked for. Returns the address. */
    static long reserve(long bytes) throws IOException {
        return map(0, bytes, READ | WRITE, PRIVATE | ANONYMOUS | NO_RESERVE, -1, 0);
    }

    private static long map(long address, long bytes, int protection, int flags, int file, long offset)
            throws IOException {
        return call(Function.MMAP, address, bytes, protection, flags, file, offset);
    }

    static void unmap(long address, long bytes) throws IOException {
        call(Function.MUNMAP, address, bytes);
    }

    static void close(int file) throws IOException {
        call(Function.CLOSE, file);
    }

    private static long call(Function function, Object... arguments) throws IOException {
        MethodHandle handle = function.handle.orElseThrow(
                () -> new IOException(function.symbol + " is not in the C library of this system"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            Object[] all = new Object[arguments.length + 1];
            all[0] = state;
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            long result = ((Number) handle.invokeWithArguments(all)).longValue();
            if (result == -1) {
                int error = (int) ERRNO.get(state, 0L);
                throw new IOException(function.symbol + " failed with error " + error + ": "
                        + ERRORS.getOrDefault(error, "see errno of the system"));
            }
            return result;
        } catch (IOException failure) {
            throw failure;
        } catch (Throwable failure) {
            throw new IllegalStateException(function.symbol + " could not be called", failure);
        }
    }
}
