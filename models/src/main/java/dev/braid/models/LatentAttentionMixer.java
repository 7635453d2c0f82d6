package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.attention.Window;
import dev.braid.tensor.autograd.Columns;
import dev.braid.tensor.autograd.LatentAttention;
import dev.braid.tensor.autograd.LatentCache;
import dev.braid.tensor.autograd.LatentDecoding;
import dev.braid.tensor.autograd.LatentHeads;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.Rope;
import dev.braid.tensor.ops.RopeTable;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * See {@link MlaConfig}. Ranks of the tensor axis divide the heads; each makes the latents of all tokens for itself, so their
 * weights get a summand of their gradient on each.
 */
final class LatentAttentionMixer implements Mixer {
    /** A projection to a latent and what makes it one: bias and norm. */
    private record Latent(Optional<Weight> bias, Weight norm) {}

    /** What a token asks and what it can be asked for: queries and shared keys turned by position. */
    private record Prepared(Variable queries, Variable latents, Variable turned) {}

    private final MlaConfig config;
    private final LatentHeads layout;
    private final AttentionOptions options;
    private final DType dtype;
    private final float epsilon;
    private final float normOffset;
    private final Weight input;
    private final Optional<Latent> queryLatent;
    private final Optional<Weight> queryExpansion;
    private final Latent latent;
    private final Weight expansion;
    private final Optional<Supplier<RopeTable>> rope;
    private final Weight output;
    private final Optional<Weight> outputBias;

    LatentAttentionMixer(MlaConfig config, Construction construction, String prefix) {
        this.config = config;
        ModelConfig model = construction.model();
        HeadDivision heads = HeadDivision.of(construction, config.heads(), config.heads());
        Projections projections = new Projections(construction, prefix, heads);
        config.qRank()
                .ifPresentOrElse(
                        rank -> projections.toAll("q_down", rank), () -> projections.toHeads("q", config.keyColumns()));
        input = projections
                .toAll("kv_down", config.kvRank() + config.ropeSize())
                .pack();
        normOffset = model.norm() == NormKind.RMS_ZERO_CENTERED ? 1 : 0;
        epsilon = (float) (double) config.normEps().orElse(model.normEps());
        queryLatent = config.qRank().map(rank -> latent(projections, "q", rank, rank));
        queryExpansion = config.qRank().map(rank -> projections.second("q_up.weight", rank, config.keyColumns()));
        latent = latent(projections, "kv", config.kvRank() + config.ropeSize(), config.kvRank());
        expansion = projections.second("kv_up.weight", config.kvRank(), config.nopeSize() + config.valueColumns());
        output = projections.output(config.valueColumns());
        outputBias = Optionals.when(
                config.bias(), () -> projections.shared("output.bias", model.dim(), new Initialization.Constant(0)));
        rope = config.rope().map(settings -> construction.ropeTable(config.ropeSize(), settings));
        layout = new LatentHeads(
                heads.count(), config.nopeSize(), config.ropeSize(), config.valueColumns(), config.kvRank());
        options = config.options();
        dtype = construction.dtype();
    }

    private Latent latent(Projections projections, String name, int biases, int rank) {
        Initialization zero = new Initialization.Constant(0);
        return new Latent(
                Optionals.when(config.bias(), () -> projections.shared(name + "_down.bias", biases, zero)),
                projections.shared(name + "_norm.weight", rank, new Initialization.Constant(1 - normOffset)));
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        return output(tape, attend(tape, prepare(tape, x, batch), batch.sequences()), residual);
    }

    @Override
    public Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        LatentCache cache = ((Cache) state).rows();
        Prepared now = prepare(tape, x, batch);
        boolean begins = cache.rows() == 0;
        cache.append(
                tape.compute(),
                Columns.join(tape, List.of(now.latents, now.turned)).value());
        // The first tokens, which may be many, need no others: formed keys cost them less than wide latents.
        Variable mixed = begins && x.rows() > 1
                ? attend(tape, now, 1)
                : LatentDecoding.of(tape, layout, now.queries, expansion, cache, options);
        return output(tape, mixed, residual);
    }

    private Prepared prepare(Tape tape, Variable x, Batch batch) {
        List<Variable> parts = Columns.split(tape, Operations.columnLinear(tape, x, input), input.partRows());
        Variable asked = queryExpansion
                .map(weight ->
                        Operations.linear(tape, norm(tape, bias(tape, parts.get(0), latent()), latent()), weight))
                .orElse(parts.get(0));
        List<Variable> shared =
                Columns.split(tape, bias(tape, parts.get(1), latent), config.kvRank(), config.ropeSize());
        return new Prepared(
                turn(tape, asked, config.nopeSize(), layout.heads(), batch),
                norm(tape, shared.get(0), latent),
                turn(tape, shared.get(1), 0, 1, batch));
    }

    private Latent latent() {
        return queryLatent.orElseThrow();
    }

    private static Variable bias(Tape tape, Variable x, Latent latent) {
        return latent.bias.map(weight -> Operations.addBias(tape, x, weight)).orElse(x);
    }

    private Variable norm(Tape tape, Variable x, Latent latent) {
        return Operations.rmsNorm(tape, x, latent.norm, normOffset, epsilon);
    }

    /** Turns {@code rope_size} columns of each head from column {@code first} of it on. */
    private Variable turn(Tape tape, Variable x, int first, int heads, Batch batch) {
        Rope.Place place = new Rope.Place(first, x.columns() / heads, heads, config.interleaved());
        return rope.map(table -> Operations.rope(tape, x, place, table.get(), batch.positions()))
                .orElse(x);
    }

    private Variable attend(Tape tape, Prepared prepared, int sequences) {
        Variable expanded = Operations.linear(tape, prepared.latents, expansion);
        return LatentAttention.of(tape, layout, prepared.queries, expanded, prepared.turned, sequences, options);
    }

    private Variable output(Tape tape, Variable mixed, Variable residual) {
        Variable out = Operations.rowLinear(tape, mixed, output, residual);
        return outputBias.map(weight -> Operations.addBias(tape, out, weight)).orElse(out);
    }

    @Override
    public MixerState newState(Memory memory, int longest) {
        return new Cache(new LatentCache(memory, dtype, layout.cached(), longest));
    }

    @Override
    public double positionFlopsPerToken(int length) {
        double columns = config.keyColumns() + config.valueColumns();
        return 2.0 * config.heads() * columns * Window.ALL.visiblePairs(length) / length;
    }

    /** The latents of the tokens so far. */
    private record Cache(LatentCache rows) implements MixerState {
        @Override
        public void close() {
            rows.close();
        }
    }
}
