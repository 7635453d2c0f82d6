package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Columns;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * A module of multi-token prediction (DeepSeek-V3, arXiv 2412.19437, section 2.2): {@code h' = M [norm(e); norm(h)]}, a layer on
 * it, and a norm before the shared head. h is what the last layer, or the module before, has made, before any norm; e the embedding
 * of the token k places ahead. The embedding comes first, as in the published weights ({@code eh_proj}; the paper writes it second).
 * Every rank of the tensor axis holds all of M and takes its own rows.
 */
record PredictionModule(Norm embeddingNorm, Norm hiddenNorm, Weight projection, Block block, Norm norm) {
    /** Name of the unit of weights that all modules share. */
    static final String UNIT = "mtp";

    /** How the names of all their parameters begin. */
    static final String PREFIX = UNIT + ".";

    /** Declares module {@code index}, counted from 0. */
    static PredictionModule declare(Construction construction, ModelConfig.Layer layer, int index) {
        ModelConfig model = construction.model();
        String prefix = PREFIX + index + ".";
        construction.beginLayer(model.layers() + index);
        Norm embeddingNorm = Norm.declare(construction, prefix + "embedding_norm");
        Norm hiddenNorm = Norm.declare(construction, prefix + "hidden_norm");
        Weight projection = construction
                .parameters()
                .add(new ParameterSpec(
                        prefix + "projection.weight",
                        Shape.of(model.dim(), 2L * model.dim()),
                        Division.WHOLE,
                        construction.init().inner()));
        Block block = Block.declare(construction, layer, prefix + "block.");
        return new PredictionModule(
                embeddingNorm, hiddenNorm, projection, block, Norm.declare(construction, prefix + "norm"));
    }

    /** What the module makes of {@code hidden} and {@code embedded}, both [tokens, dim]: for the next module, and for the head. */
    List<Variable> forward(Tape tape, Variable hidden, Variable embedded, Batch batch) {
        Variable both =
                Columns.join(tape, List.of(embeddingNorm.apply(tape, embedded), hiddenNorm.apply(tape, hidden)));
        Variable made = block.forward(tape, Operations.tokenLinear(tape, both, projection), batch);
        return List.of(made, norm.apply(tape, made));
    }
}
