package dev.braid.tensor.routing;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.ops.CounterRandom;
import java.util.List;
import java.util.Optional;

/**
 * The {@code slots} experts with the largest {@code H = x W + N(0,1) softplus(x W_noise)}, weighted by the softmax of H over those taken
 * (Shazeer et al. 2017, arXiv 1701.06538, equations 3 to 5); the noise in training only. The probabilities are the softmax of H over all
 * experts. Noise is a pure function of the pass's seed and of the element.
 */
public record NoisyTopKRouter(int slots) implements Router {
    private static final List<String> MATRICES = List.of("weight", "noise.weight");
    private static final String STREAM = "router.noise";

    @Override
    public List<String> matrices() {
        return MATRICES;
    }

    @Override
    public int slots(int experts) {
        return slots;
    }

    @Override
    public double meanExperts(int experts) {
        return slots;
    }

    private SoftmaxRouter softmax() {
        return new SoftmaxRouter(slots, true, 1);
    }

    private static Tensor workspace(Compute compute, Inputs inputs) {
        return compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(inputs.count(), inputs.experts()));
    }

    /** What is drawn from N(0,1), in a tensor that the caller gives back. */
    private static Tensor noise(Compute compute, Inputs inputs) {
        Tensor noise = workspace(compute, inputs);
        CounterRandom.normal(compute, noise, inputs.seed(), STREAM, 0, 1, 0);
        return noise;
    }

    /** H, in a tensor that the caller gives back. */
    private static Tensor noisyLogits(Compute compute, Inputs inputs) {
        if (!inputs.training()) {
            return inputs.logits().getFirst().retain();
        }
        Tensor noisy = noise(compute, inputs);
        addLogits(compute, inputs, noisy, noisy);
        return noisy;
    }

    /** Sets {@code noisy} to H; it may be the tensor of the noise. */
    private static void addLogits(Compute compute, Inputs inputs, Tensor noise, Tensor noisy) {
        int experts = inputs.experts();
        long noiseAt = noise.address();
        long noisyAt = noisy.address();
        long cleanAt = inputs.logits().get(0).address();
        long rawAt = inputs.logits().get(1).address();
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            for (long i = (long) from * experts; i < (long) to * experts; i++) {
                double raised = Addresses.getFloat(noiseAt, i) * NoisyLoad.softplus(Addresses.getFloat(rawAt, i));
                Addresses.setFloat(noisyAt, i, (float) (Addresses.getFloat(cleanAt, i) + raised));
            }
        });
    }

    @Override
    public void choose(Compute compute, Inputs inputs, Selection selection) {
        Tensor noisy = noisyLogits(compute, inputs);
        softmax().choose(compute, inputs.withLogits(noisy), selection);
        noisy.release();
    }

    @Override
    public void weigh(Compute compute, Inputs inputs, Selection selection) {
        softmax().weigh(compute, inputs, selection);
    }

    @Override
    public Optional<double[][]> smoothLoad(Compute compute, Inputs inputs, int runs) {
        if (!inputs.training()) {
            return Optional.empty();
        }
        int experts = inputs.experts();
        Tensor noisy = noisyLogits(compute, inputs);
        long noisyAt = noisy.address();
        long cleanAt = inputs.logits().get(0).address();
        long rawAt = inputs.logits().get(1).address();
        // Each row is read before it is overwritten with the probabilities to be chosen.
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            NoisyLoad load = new NoisyLoad(experts, slots);
            for (int row = from; row < to; row++) {
                long target = TopK.row(noisyAt, row, experts);
                load.read(TopK.row(cleanAt, row, experts), TopK.row(rawAt, row, experts), target);
                for (int e = 0; e < experts; e++) {
                    Addresses.setFloat(target, e, (float) load.probability(e));
                }
            }
        });
        double[][] sums = new double[runs][experts];
        int tokens = inputs.count() / runs;
        for (int row = 0; row < inputs.count(); row++) {
            for (int e = 0; e < experts; e++) {
                sums[row / tokens][e] += noisy.get((long) row * experts + e);
            }
        }
        noisy.release();
        return Optional.of(sums);
    }

    @Override
    public void gradient(
            Compute compute, Inputs inputs, Selection selection, Gradients gradients, List<Tensor> dLogits) {
        softmax().gradient(compute, inputs, selection, gradients, List.of(dLogits.getFirst()));
        if (!inputs.training()) {
            dLogits.get(1).zero();
            return;
        }
        Tensor noise = noise(compute, inputs);
        throughNoise(compute, inputs, noise, gradients.load(), dLogits);
        noise.release();
    }

    /** Turns the gradient of H, which {@code dLogits} begins with, into those of both logits. */
    private void throughNoise(
            Compute compute, Inputs inputs, Tensor noise, Optional<Tensor> dLoad, List<Tensor> dLogits) {
        int experts = inputs.experts();
        Tensor noisy = dLoad.isPresent() ? workspace(compute, inputs) : noise.retain();
        if (dLoad.isPresent()) {
            addLogits(compute, inputs, noise, noisy);
        }
        Optional<RunRows> runs = dLoad.map(load -> RunRows.of(load, inputs.count()));
        long noiseAt = noise.address();
        long noisyAt = noisy.address();
        long cleanAt = inputs.logits().get(0).address();
        long rawAt = inputs.logits().get(1).address();
        long dCleanAt = dLogits.get(0).address();
        long dRawAt = dLogits.get(1).address();
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            NoisyLoad load = new NoisyLoad(experts, slots);
            for (int row = from; row < to; row++) {
                long raw = TopK.row(rawAt, row, experts);
                if (runs.isPresent()) {
                    load.read(TopK.row(cleanAt, row, experts), raw, TopK.row(noisyAt, row, experts));
                    load.gradient(runs.get().of(row));
                }
                long dClean = TopK.row(dCleanAt, row, experts);
                load.throughNoise(TopK.row(noiseAt, row, experts), raw, dClean, TopK.row(dRawAt, row, experts));
            }
        });
        noisy.release();
    }
}
