package dev.braid.tensor.matmul;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/** Scratch memory for one running product. Used by one thread at a time. */
final class Workspace {
    private final int index;
    private final Memory memory;
    private Tensor block;

    Workspace(int index, Memory memory) {
        this.index = index;
        this.memory = memory;
    }

    /** Position among the workspaces of a rank, from 0: engines keep per-workspace state under it. */
    int index() {
        return index;
    }

    /** Address of the scratch, a multiple of 64. What it holds is lost when the workspace is given back or grows. */
    long address() {
        return block.address();
    }

    /** Makes the scratch at least {@code bytes} long. */
    void require(long bytes) {
        if (bytes == 0 || (block != null && block.bytes() >= bytes)) {
            return;
        }
        if (block != null) {
            block.release();
        }
        block = memory.allocate(Category.WORKSPACE, DType.F32, Shape.of((bytes + 3) / 4));
    }

    void close() {
        if (block != null) {
            block.release();
            block = null;
        }
    }
}
