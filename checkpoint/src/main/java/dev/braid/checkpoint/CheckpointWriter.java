package dev.braid.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes a checkpoint from one process: begin, add, commit. Closed without a commit, or after a failure, it takes
 * away what it wrote; killed at any point it leaves a folder that no reader takes for a checkpoint. For one thread at
 * a time.
 */
public final class CheckpointWriter implements AutoCloseable {
    private final Checkpoints checkpoints;
    private final Attempt attempt;
    private final SliceWriter slices;
    private boolean done;

    CheckpointWriter(Checkpoints checkpoints, Attempt attempt) throws IOException {
        this.checkpoints = checkpoints;
        this.attempt = attempt;
        this.slices = guarded(() -> checkpoints.writer(attempt, 0));
    }

    /**
     * Starts a checkpoint in {@code folder} itself, whatever its name. A complete one there is replaced by the
     * commit.
     */
    public static CheckpointWriter create(Path folder, long step) throws IOException {
        Path absolute = folder.toAbsolutePath().normalize();
        Checkpoints checkpoints = new Checkpoints(new LocalStore(absolute.getParent()));
        return new CheckpointWriter(
                checkpoints, checkpoints.plan(step, absolute.getFileName().toString()));
    }

    /** Adds all of {@code tensor} under its global {@code name}. */
    public void add(String name, Tensor tensor) throws IOException {
        guarded(() -> {
            slices.add(name, tensor);
            return null;
        });
    }

    /**
     * Adds elements {@code from} until {@code from + local.count()} of tensor {@code name}, whose global extents are
     * {@code shape}.
     */
    public void add(String name, Shape shape, long from, Tensor local) throws IOException {
        guarded(() -> {
            slices.add(name, shape, from, local, 0, local.count());
            return null;
        });
    }

    /** Adds a tensor that need not be in memory. */
    public void add(String name, DType dtype, Shape shape, ElementSource source) throws IOException {
        guarded(() -> {
            slices.add(name, dtype, shape, 0, shape.count(), source);
            return null;
        });
    }

    /** Adds all tensors of {@code weights}, each name behind {@code prefix}. */
    public void add(String prefix, Weights weights) throws IOException {
        for (String name : weights.names()) {
            add(
                    prefix + name,
                    weights.dtype(name),
                    weights.shape(name),
                    (from, count, target) -> weights.read(name, from, count, target));
        }
    }

    /** Adds a small file, such as the tokenizer. */
    public void attach(String name, byte[] content) throws IOException {
        guarded(() -> {
            slices.attach(name, content);
            return null;
        });
    }

    /**
     * Makes the checkpoint complete: all at once, and only if every tensor is whole. {@code state} is what the run
     * needs to go on. On return it is on the disk.
     */
    public void commit(ObjectNode state) throws IOException {
        guarded(() -> {
            checkpoints.commit(attempt, state, List.of(slices.finish()));
            return null;
        });
        done = true;
    }

    /** Gives the checkpoint up unless it was committed. */
    @Override
    public void close() throws IOException {
        if (!done) {
            done = true;
            if (slices != null) {
                slices.close();
            }
            checkpoints.abandon(attempt);
        }
    }

    private interface Action<T> {
        T run() throws IOException;
    }

    private <T> T guarded(Action<T> action) throws IOException {
        try {
            return action.run();
        } catch (IOException problem) {
            throw failed(problem);
        }
    }

    private IOException failed(IOException problem) {
        done = true;
        if (slices != null) {
            try {
                slices.close();
            } catch (IOException second) {
                problem.addSuppressed(second);
            }
        }
        return checkpoints.notWritten(attempt, problem);
    }
}
