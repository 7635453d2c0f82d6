package dev.braid.tensor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Addresses for memory that nobody fills: the system gives a page, of zeros, only when it is touched. For a rehearsal of a model
 * that need not fit this machine.
 */
final class ReservedBacking implements Backing {
    private record Piece(long address, long bytes) {}

    private final List<Piece> pieces = new ArrayList<>();

    @Override
    public long reserve(long size) throws IOException {
        long address = Posix.reserve(size);
        pieces.add(new Piece(address, size));
        return address;
    }

    @Override
    public boolean contains(long address, long bytes) {
        return false;
    }

    @Override
    public Optional<SharedFile> sharedFile() {
        return Optional.empty();
    }

    @Override
    public void close() {
        for (Piece piece : pieces) {
            try {
                Posix.unmap(piece.address, piece.bytes);
            } catch (IOException failure) {
                throw new IllegalStateException("addresses could not be given back", failure);
            }
        }
        pieces.clear();
    }
}
