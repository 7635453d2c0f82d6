package dev.braid.parallelism.transport.simulated;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The last events of a simulated network, and a hash of all of them. Events are kept as numbers and turned into text only when
 * somebody asks. One trace can serve many simulations, one after the other; each starts by clearing it.
 */
public final class Trace {
    private static final TraceKind[] KINDS = TraceKind.values();
    private static final int NOBODY = -1;

    private final int capacity;
    private final FrameDescriber describer;
    private final long[] times;
    private final byte[] kinds;
    private final int[] froms;
    private final int[] tos;
    private final int[] channels;
    private final long[] numbers;
    private final byte[] starts;
    private final EnumSet<TraceKind> happened = EnumSet.noneOf(TraceKind.class);
    private long recorded;
    private long digest;

    /** Keeps the last {@code capacity} events, at least 1; frames are shown as the hexadecimal digits of their start. */
    public Trace(int capacity) {
        this(capacity, Trace::hexadecimal);
    }

    /** Keeps the last {@code capacity} events, at least 1. */
    public Trace(int capacity, FrameDescriber describer) {
        if (capacity < 1) {
            throw new IllegalArgumentException("a trace of " + capacity + " events is too short, must keep 1");
        }
        this.capacity = capacity;
        this.describer = describer;
        times = new long[capacity];
        kinds = new byte[capacity];
        froms = new int[capacity];
        tos = new int[capacity];
        channels = new int[capacity];
        numbers = new long[capacity];
        starts = new byte[Math.multiplyExact(capacity, FrameDescriber.KEPT)];
    }

    void clear() {
        happened.clear();
        recorded = 0;
        digest = 0;
    }

    /** Equal for two runs only when all their events were, frames' bytes included (but for chances of 1 in 2^64). */
    public long digest() {
        return digest;
    }

    /** Events since the start, those that are no longer kept included. */
    public long recorded() {
        return recorded;
    }

    /** The kept events, oldest first, one a line. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment scratch = arena.allocate(FrameDescriber.KEPT, 64);
            for (long event = Math.max(0, recorded - capacity); event < recorded; event++) {
                lines.add(line((int) (event % capacity), scratch));
            }
        }
        return lines;
    }

    /** An event of a rank. */
    void rank(long time, TraceKind kind, int rank) {
        if (kind == TraceKind.POLLED) {
            // Too many to be of use among the kept ones.
            hash(time, kind, rank, NOBODY, 0);
            return;
        }
        place(time, kind, rank, NOBODY, 0, 0);
    }

    /** An event of a channel, with a number whose meaning depends on the kind. */
    void channel(long time, TraceKind kind, Channel channel, long number) {
        place(time, kind, channel.from.rank, channel.to.rank, channel.id, number);
    }

    /** A frame is sent. */
    void sent(long time, Channel channel, FramePool pool, int slot) {
        int index = place(time, TraceKind.SENT, channel.from.rank, channel.to.rank, channel.id, pool.length(slot));
        digest = SeededRandom.mix(digest ^ pool.hash(slot));
        pool.copyStart(slot, starts, index * FrameDescriber.KEPT, FrameDescriber.KEPT);
    }

    private int place(long time, TraceKind kind, int from, int to, int channel, long number) {
        int index = (int) (recorded++ % capacity);
        times[index] = time;
        kinds[index] = (byte) kind.ordinal();
        froms[index] = from;
        tos[index] = to;
        channels[index] = channel;
        numbers[index] = number;
        hash(time, kind, from, channel, number);
        return index;
    }

    /** The kinds of all events since the start. */
    Set<TraceKind> happened() {
        return happened;
    }

    private void hash(long time, TraceKind kind, int from, int channel, long number) {
        happened.add(kind);
        long who = ((long) kind.ordinal() << 56) ^ ((long) from << 32) ^ channel;
        digest = SeededRandom.mix(digest ^ SeededRandom.mix(time ^ (number << 40)) ^ who);
    }

    private String line(int index, MemorySegment scratch) {
        TraceKind kind = KINDS[kinds[index]];
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%,15d ns  ", times[index]));
        if (tos[index] == NOBODY) {
            return line.append("rank ")
                    .append(froms[index])
                    .append(' ')
                    .append(kind.verb())
                    .toString();
        }
        line.append(froms[index]).append("->").append(tos[index]);
        line.append(" (channel ").append(channels[index]).append(") ").append(kind.verb());
        if (kind == TraceKind.CORRUPTED) {
            line.append(' ').append(numbers[index]);
        }
        if (kind.countsBytes()) {
            line.append(": ").append(numbers[index]).append(" bytes");
        }
        if (kind == TraceKind.SENT) {
            int bytes = (int) numbers[index];
            int kept = Math.min(FrameDescriber.KEPT, bytes);
            MemorySegment.copy(starts, index * FrameDescriber.KEPT, scratch, ValueLayout.JAVA_BYTE, 0, kept);
            line.append(", ").append(describer.describe(scratch.address(), kept, bytes));
        }
        return line.toString();
    }

    private static String hexadecimal(long address, int kept, int bytes) {
        StringBuilder text = new StringBuilder();
        MemorySegment start = MemorySegment.ofAddress(address).reinterpret(kept);
        for (int index = 0; index < Math.min(16, kept); index++) {
            text.append(String.format(Locale.ROOT, "%02x", start.get(ValueLayout.JAVA_BYTE, index) & 0xFF));
        }
        return bytes > 16 ? text + "..." : text.toString();
    }
}
