package dev.braid.parallelism.tensor;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.LocalRank;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.ExpertDispatch;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.parameters.TensorAxis;

/**
 * Tokens to experts on several ranks and back, where an expert hands back what it gets: then a token gets itself for each of its
 * experts.
 *
 * @param slots of a token
 * @param experts on all ranks
 * @param hosts of the ranks
 */
record ExpertExchange(int slots, int experts, ExpertHosts hosts) {
    static final int DIM = 8;

    /** Bytes of a token's row. */
    static final int ROW = DIM * Float.BYTES;

    static float value(int rank, int token, int column) {
        return 100 * rank + 10 * token + column;
    }

    /** The sum over a token's experts, and the gradient of x where that of the sum is 3 everywhere. */
    Tensor[] run(LocalRank rank, int[] chosen) {
        Compute compute = new Compute(1, "vector", "test", KernelProviders.chosen(), rank.memory());
        int tokens = chosen.length / slots;
        Tensor selected = rank.memory().allocate(Category.ACTIVATIONS, DType.I32, Shape.of(tokens, slots));
        selected.setInts(chosen);
        Tensor value = rank.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(tokens, DIM));
        Tensor gradient = rank.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(tokens, DIM));
        for (int i = 0; i < tokens * DIM; i++) {
            value.set(i, value(rank.rank(), i / DIM, i % DIM));
            gradient.set(i, 3);
        }
        GroupExpertAxis axis = new GroupExpertAxis(rank.world(), hosts, new ExposedTime());
        try (Tape tape = Tape.training(compute, DType.F32, null, TensorAxis.SINGLE, axis)) {
            Variable x = tape.leaf(value, true);
            ExpertDispatch dispatch = ExpertDispatch.of(tape, selected, experts, 0);
            Variable sum = dispatch.combine(dispatch.dispatch(x), Variable.zerosLike(x));
            Tensor result = sum.value().retain();
            tape.backward(sum, gradient);
            return new Tensor[] {result, x.passedGradient().orElseThrow()};
        }
    }
}
