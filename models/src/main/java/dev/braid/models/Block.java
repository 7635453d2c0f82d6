package dev.braid.models;

import dev.braid.tensor.Memory;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Unit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One layer: {@code h = x + mixer(norm(x)); y = h + ffn(norm(h))}, with norms where {@link NormPlace} has them, or without the
 * second part.
 *
 * @param unit of its weights
 * @param experts the unit of its experts' weights
 * @param entry norm on what comes into the first layer
 */
record Block(
        Unit unit,
        Optional<Unit> experts,
        Optional<Norm> entry,
        Norms mixerNorms,
        Mixer mixer,
        Optional<Second> second) {
    /** The feed-forward with its norms. */
    record Second(Norms norms, FeedForward ffn) {}

    /**
     * The norms around a part of a layer.
     *
     * @param factor of what the part adds
     */
    record Norms(Optional<Norm> before, Optional<Norm> after, float factor) {
        private static Norms declare(Construction construction, NormPlace place, String part) {
            return new Norms(
                    place.before() ? Optional.of(Norm.declare(construction, part + "_norm")) : Optional.empty(),
                    place.after() ? Optional.of(Norm.declare(construction, part + "_post_norm")) : Optional.empty(),
                    (float) construction.model().residualScale());
        }

        /** What the part makes, given its input and its residual. */
        private interface Part {
            Variable of(Variable x, Variable residual);
        }

        /** {@code x + factor after(part(before(x)))}. Without a norm or factor behind it the part adds x itself. */
        private Variable around(Tape tape, Variable x, Part part) {
            Variable input = before.map(norm -> norm.apply(tape, x)).orElse(x);
            if (after.isEmpty() && factor == 1) {
                return part.of(input, x);
            }
            Variable made = part.of(input, Variable.zerosLike(x));
            Variable normed = after.map(norm -> norm.apply(tape, made)).orElse(made);
            return Pointwise.add(tape, x, factor == 1 ? normed : Pointwise.scale(tape, normed, factor));
        }
    }

    /** Declares the unit and the parameters of layer {@code index} and makes it. */
    static Block declare(Construction construction, ModelConfig.Layer layer, int index) {
        construction.parameters().unit(Stage.layer(index));
        construction.beginLayer(index);
        return declare(construction, layer, "layers." + index + ".");
    }

    /** Declares the parameters of a layer in the unit that was begun last. */
    static Block declare(Construction construction, ModelConfig.Layer layer, String prefix) {
        ModelConfig model = construction.model();
        NormPlace place = model.normPlace(layer);
        Unit unit = construction.parameters().current();
        Optional<Norm> entry = construction.layer() == 0 && model.embeddingNorm()
                ? Optional.of(Norm.declare(construction, prefix + "input_norm"))
                : Optional.empty();
        Norms mixerNorms = Norms.declare(construction, place, prefix + "mixer");
        Mixer mixer = model.mixers().get(layer.mixer()).build(construction, prefix + "mixer.");
        Optional<Second> second = layer.ffn().map(name -> {
            Norms norms = Norms.declare(construction, place, prefix + "ffn");
            return new Second(norms, model.ffns().get(name).build(construction, prefix + "ffn."));
        });
        return new Block(unit, construction.experts(), entry, mixerNorms, mixer, second);
    }

    /** Its units in the order in which they are entered. */
    List<Unit> units() {
        return Stream.concat(Stream.of(unit), experts.stream()).toList();
    }

    /** The operations that follow, until {@link #leave}, are this layer's. */
    void enter(Tape tape) {
        units().forEach(each -> tape.enter(each, Tape.Use.TWICE));
    }

    /** Ends what {@link #enter} has begun. */
    void leave(Tape tape) {
        units().reversed().forEach(each -> tape.leave(each, Tape.Use.TWICE));
    }

    /** What a layer keeps of one sequence while decoding. */
    record State(MixerState mixer, Optional<MixerState> ffn) implements MixerState {
        @Override
        public void close() {
            mixer.close();
            ffn.ifPresent(MixerState::close);
        }
    }

    Variable forward(Tape tape, Variable x, Batch batch) {
        Variable h = mixerNorms.around(
                tape, entered(tape, x), (input, residual) -> mixer.forward(tape, input, residual, batch));
        return second.map(part ->
                        part.norms.around(tape, h, (input, residual) -> part.ffn.forward(tape, input, residual, batch)))
                .orElse(h);
    }

    Variable step(Tape tape, Variable x, Batch batch, MixerState state) {
        State states = (State) state;
        Variable h = mixerNorms.around(
                tape, entered(tape, x), (input, residual) -> mixer.step(tape, input, residual, batch, states.mixer));
        return second.map(part -> part.norms.around(
                        tape,
                        h,
                        (input, residual) -> part.ffn.step(tape, input, residual, batch, states.ffn.orElseThrow())))
                .orElse(h);
    }

    private Variable entered(Tape tape, Variable x) {
        return entry.map(norm -> norm.apply(tape, x)).orElse(x);
    }

    MixerState newState(Memory memory, int longest) {
        return new State(mixer.newState(memory, longest), second.map(part -> part.ffn.newState(memory, longest)));
    }
}
