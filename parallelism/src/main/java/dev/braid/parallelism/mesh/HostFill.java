package dev.braid.parallelism.mesh;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Fills hosts with blocks of neighbouring ranks: first the largest blocks that fit whole, then pieces of the others. */
final class HostFill {
    /** A host and its tasks that have no rank yet. */
    private record Host(Deque<Integer> free) {}

    private final Mesh mesh;
    private final List<Host> hosts = new ArrayList<>();
    private final int[] tasks;

    /** The host that took the block before, where the next one goes too if it fits. */
    private Host current;

    HostFill(Mesh mesh, List<Site> sites) {
        this.mesh = mesh;
        this.tasks = new int[mesh.ranks()];
        Map<String, Map<String, List<Integer>>> byHost = new LinkedHashMap<>();
        for (int task = 0; task < sites.size(); task++) {
            Site site = sites.get(task);
            byHost.computeIfAbsent(site.host(), name -> new LinkedHashMap<>())
                    .computeIfAbsent(site.process(), name -> new ArrayList<>())
                    .add(task);
        }
        byHost.values().forEach(processes -> {
            Host host = new Host(new ArrayDeque<>());
            processes.values().forEach(host.free::addAll);
            hosts.add(host);
        });
        current = hosts.getFirst();
    }

    /** The task of each world rank. */
    int[] tasks() {
        List<Integer> blocks = List.of(0);
        int size = mesh.ranks();
        for (Axis axis : Axis.values()) {
            // What did not fit whole is cut along this axis. The blocks hold their number of ranks each.
            int part = mesh.stride(axis);
            List<Integer> parts = new ArrayList<>();
            for (int block : blocks) {
                for (int rank = block; rank < block + size; rank += part) {
                    parts.add(rank);
                }
            }
            size = part;
            blocks = fill(parts, size);
        }
        return tasks;
    }

    /** Places the blocks that fit into a host whole; returns the first ranks of the others. */
    private List<Integer> fill(List<Integer> blocks, int size) {
        List<Integer> left = new ArrayList<>();
        for (int block : blocks) {
            Optional<Host> host = hostFor(size);
            if (host.isEmpty()) {
                left.add(block);
                continue;
            }
            current = host.get();
            for (int rank = block; rank < block + size; rank++) {
                tasks[rank] = current.free.remove();
            }
        }
        return left;
    }

    private Optional<Host> hostFor(int size) {
        if (current.free.size() >= size) {
            return Optional.of(current);
        }
        // The most room: a group that is cut in any case then lies on few hosts. The first of several, as they came.
        Host roomiest = current;
        for (Host host : hosts) {
            if (host.free.size() > roomiest.free.size()) {
                roomiest = host;
            }
        }
        return Optional.of(roomiest).filter(host -> host.free.size() >= size);
    }
}
