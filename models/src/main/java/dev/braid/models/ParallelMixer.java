package dev.braid.models;

import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** See {@link ParallelMixerConfig}. */
final class ParallelMixer implements Mixer {
    /**
     * One of the mixers.
     *
     * @param inputScale factor of its input
     * @param factor fixed factor of its output, that of a mean included
     * @param norm over its output
     * @param beta learned factors of its output
     */
    private record Branch(Mixer mixer, float inputScale, float factor, Optional<Weight> norm, Optional<Weight> beta) {
        /** Whether its output is added as it is. */
        boolean plain() {
            return factor == 1 && norm.isEmpty() && beta.isEmpty();
        }
    }

    /** Runs a branch on its input, in training or decoding. */
    private interface Run {
        Variable of(int index, Mixer mixer, Variable x, Variable residual);
    }

    private record State(List<MixerState> branches) implements MixerState {
        @Override
        public void close() {
            branches.forEach(MixerState::close);
        }
    }

    private final List<Branch> branches = new ArrayList<>();
    private final float epsilon;

    ParallelMixer(ParallelMixerConfig config, Construction construction, String prefix) {
        epsilon = (float) construction.model().normEps();
        boolean mean = config.mix() != BranchMix.SUM;
        config.branches().forEach((name, branch) -> {
            String own = prefix + name + ".";
            double factor = config.outputScales().getOrDefault(name, 1.0)
                    / (mean ? config.branches().size() : 1);
            branches.add(new Branch(
                    branch.build(construction, own),
                    config.inputScales().getOrDefault(name, 1.0).floatValue(),
                    (float) factor,
                    channels(construction, own + "branch_norm.weight", config.outputNorm()),
                    channels(construction, own + "beta", config.mix() == BranchMix.LEARNED)));
        });
    }

    private static Optional<Weight> channels(Construction construction, String name, boolean wanted) {
        return wanted
                ? Optional.of(construction
                        .parameters()
                        .add(new ParameterSpec(
                                name,
                                Shape.of(construction.model().dim()),
                                Division.WHOLE,
                                new Initialization.Constant(1))))
                : Optional.empty();
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        return mix(tape, x, residual, (index, mixer, input, sum) -> mixer.forward(tape, input, sum, batch));
    }

    @Override
    public Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        List<MixerState> states = ((State) state).branches;
        return mix(
                tape,
                x,
                residual,
                (index, mixer, input, sum) -> mixer.step(tape, input, sum, batch, states.get(index)));
    }

    private Variable mix(Tape tape, Variable x, Variable residual, Run run) {
        Variable sum = residual;
        for (int i = 0; i < branches.size(); i++) {
            Branch branch = branches.get(i);
            Variable input = branch.inputScale == 1 ? x : Pointwise.scale(tape, x, branch.inputScale);
            if (branch.plain()) {
                sum = run.of(i, branch.mixer, input, sum);
            } else {
                Variable made = run.of(i, branch.mixer, input, Variable.zerosLike(x));
                sum = Pointwise.add(tape, output(tape, branch, made), sum);
            }
        }
        return sum;
    }

    private Variable output(Tape tape, Branch branch, Variable made) {
        Variable y = made;
        if (branch.norm.isPresent()) {
            y = Operations.rmsNorm(tape, y, branch.norm.get(), epsilon);
        }
        if (branch.beta.isPresent()) {
            y = Pointwise.scaleColumns(tape, y, branch.beta.get());
        }
        return branch.factor == 1 ? y : Pointwise.scale(tape, y, branch.factor);
    }

    @Override
    public MixerState newState(Memory memory, int longest) {
        return new State(branches.stream()
                .map(branch -> branch.mixer.newState(memory, longest))
                .toList());
    }

    @Override
    public double positionFlopsPerToken(int length) {
        return branches.stream()
                .mapToDouble(branch -> branch.mixer.positionFlopsPerToken(length))
                .sum();
    }
}
