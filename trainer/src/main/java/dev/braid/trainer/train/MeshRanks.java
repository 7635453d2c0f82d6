package dev.braid.trainer.train;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.parallelism.sharding.ExposedTime;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/** The ranks of a mesh, connected by a fabric. Used by the rank's thread. */
public final class MeshRanks implements RankGroup {
    private final RankGroups groups;
    private final Memory memory;
    private final ExposedTime exposed;

    /** The ranks seen from the one whose groups these are. */
    public MeshRanks(RankGroups groups, Memory memory, ExposedTime exposed) {
        this.groups = groups;
        this.memory = memory;
        this.exposed = exposed;
    }

    @Override
    public int dataRanks() {
        return groups.mesh().dataRanks();
    }

    @Override
    public int dataRank() {
        return groups.data().rank();
    }

    @Override
    public boolean countsLosses() {
        return groups.tensor().rank() == 0;
    }

    @Override
    public void sum(int[] values) {
        Communicator world = groups.world();
        Tensor tensor = memory.allocate(Category.COMMUNICATION, DType.I32, Shape.of(values.length));
        try {
            tensor.setInts(values);
            exposed.await("world", world.allReduce(tensor, ReduceOp.SUM));
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.getInt(i);
            }
        } finally {
            tensor.release();
        }
    }
}
