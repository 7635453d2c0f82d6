package dev.braid.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;

/**
 * Puts any part of a tensor together from whatever slices hold it. Each chunk of a slice is read once and its rows are
 * given out from memory.
 */
final class Gatherer {
    /** Takes verified bytes of elements that begin at element {@code at} of the wanted part's band. */
    @FunctionalInterface
    interface Sink {
        void accept(long at, MemorySegment bytes);
    }

    private final SliceFiles files;

    Gatherer(SliceFiles files) {
        this.files = files;
    }

    /**
     * Gives all elements of {@code wanted}, which {@code entry} must have, band by band of the slices, ascending in each.
     * {@code chunks} says which buffer the slices of a band are read through.
     */
    void gather(Coverage.Entry entry, Part wanted, Function<Band, VerifiedChunk> chunks, Sink sink) throws IOException {
        for (Coverage.Columns columns : entry.bands()) {
            Overlap reach =
                    new Overlap(new Part(columns.band(), 0, columns.band().count(entry.shape())), wanted);
            for (Coverage.Stored stored : columns.since(reach.first())) {
                if (stored.slice().from() >= reach.end()) {
                    break;
                }
                gather(stored, wanted, chunks.apply(columns.band()), sink);
            }
        }
    }

    private void gather(Coverage.Stored stored, Part wanted, VerifiedChunk chunk, Sink sink) throws IOException {
        Slice slice = stored.slice();
        Overlap overlap = new Overlap(slice.part(), wanted);
        StoredRange range = StoredRange.of(stored);
        int size = slice.dtype().bytes();
        long step = Checksums.CHUNK / size;
        long end = overlap.end();
        long first = slice.from() + (overlap.first() - slice.from()) / step * step;
        for (long from = first; from < end; from += step) {
            if (overlap.any(from, from + step)) {
                long start = from;
                MemorySegment bytes = chunk.get(files, range, (from - slice.from()) * size);
                overlap.runs(
                        from,
                        from + step,
                        (source, target, count) ->
                                sink.accept(target, bytes.asSlice((source - start) * size, count * size)));
            }
        }
    }
}
