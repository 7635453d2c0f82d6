package dev.braid.tensor.matmul;

import dev.braid.tensor.Memory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The workspaces of a rank: one for each core, all of one size, so that what a rank uses does not depend on which of its
 * threads took which task. May be called from any thread.
 */
final class Workspaces {
    private final List<Workspace> all = new ArrayList<>();
    private final Deque<Workspace> idle = new ArrayDeque<>();

    Workspaces(int count, Memory memory) {
        for (int i = 0; i < count; i++) {
            all.add(new Workspace(i, memory));
        }
        idle.addAll(all);
    }

    /** Makes every workspace at least {@code bytes} long. No product may be running. */
    synchronized void require(long bytes) {
        for (Workspace workspace : all) {
            workspace.require(bytes);
        }
    }

    synchronized Workspace take() {
        Workspace workspace = idle.poll();
        if (workspace == null) {
            throw new IllegalStateException("more threads run matrix products than the rank has cores: " + all.size());
        }
        return workspace;
    }

    synchronized void giveBack(Workspace workspace) {
        idle.push(workspace);
    }

    int count() {
        return all.size();
    }

    synchronized void close() {
        all.forEach(Workspace::close);
    }
}
