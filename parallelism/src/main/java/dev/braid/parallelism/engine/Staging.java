package dev.braid.parallelism.engine;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/** Off-heap scratch of an engine, taken from the rank's memory and counted there as communication. */
final class Staging {
    private final Memory memory;
    private long live;

    Staging(Memory memory) {
        this.memory = memory;
    }

    /** A block of at least {@code bytes} bytes. Sizes are rounded up so that blocks are used again. */
    Block take(long bytes) {
        long size = bytes <= 4096 ? Math.max(64, Long.highestOneBit(Math.max(1, bytes - 1)) << 1) : bytes;
        return new Block(memory.allocate(Category.COMMUNICATION, DType.I32, Shape.of((size + 3) / 4)));
    }

    /** Bytes in use now. */
    long live() {
        return live;
    }

    /** Scratch that is given back once. */
    final class Block {
        private final Tensor tensor;
        private final long address;

        private Block(Tensor tensor) {
            this.tensor = tensor;
            this.address = tensor.address();
            live += tensor.bytes();
        }

        long address() {
            return address;
        }

        void release() {
            live -= tensor.bytes();
            // The rank's memory may have been closed before its fabric.
            if (tensor.alive()) {
                tensor.release();
            }
        }
    }
}
