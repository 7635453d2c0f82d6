package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** Down a binomial tree; each rank passes on what it has while the rest still arrives. */
final class Broadcast extends Operation {
    private final long address;
    private final int root;

    Broadcast(Engine engine, Group group, DType dtype, long address, long bytes, int root) {
        super(engine, group, OperationKind.BROADCAST, dtype, null, Algorithm.TREE, bytes);
        this.address = address;
        this.root = root;
    }

    @Override
    void start() {
        if (bytes == 0) {
            return;
        }
        int n = size();
        int place = Math.floorMod(rank() - root, n);
        int below = place == 0 ? Integer.highestOneBit(Math.max(1, n - 1)) << 1 : Integer.lowestOneBit(place);
        List<Outbound> children = new ArrayList<>();
        for (int distance = below >> 1; distance > 0; distance >>= 1) {
            if (place + distance < n) {
                children.add(send((place + distance + root) % n, 0, address, bytes, place == 0 ? bytes : 0));
            }
        }
        if (place != 0) {
            int parent = (place - Integer.lowestOneBit(place) + root) % n;
            receive(parent, 0, bytes, address, length -> children.forEach(child -> child.available(length)));
        }
    }
}
