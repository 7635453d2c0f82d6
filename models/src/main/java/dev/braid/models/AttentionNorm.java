package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Columns;
import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Operations.HeadLayout;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.GroupNorm;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;

/** The norm of queries and keys, see {@link QkNorm}; its weights are zero-centred where those of the model's norms are. */
@FunctionalInterface
interface AttentionNorm {
    /** Normalises the query and key columns of a packed matrix; values pass unchanged. */
    Variable apply(Tape tape, Variable packed, HeadLayout layout);

    /** Declares the weights {@code q_norm.weight} and {@code k_norm.weight}, if there is a norm. */
    static Optional<AttentionNorm> declare(AttentionConfig config, Construction construction, String prefix) {
        int size = config.headSize(construction.model().dim());
        int offset = construction.model().norm() == NormKind.RMS_ZERO_CENTERED ? 1 : 0;
        float epsilon = (float) construction.model().normEps();
        String query = prefix + "q_norm.weight";
        String key = prefix + "k_norm.weight";
        return switch (config.qkNorm()) {
            case NONE -> Optional.empty();
            case HEAD -> {
                Weight queries = weight(construction, query, size, Division.WHOLE, offset);
                Weight keys = weight(construction, key, size, Division.WHOLE, offset);
                GroupNorm norm = norm(size, epsilon, offset);
                yield Optional.of(
                        offset == 0
                                ? (tape, packed, layout) ->
                                        Operations.headNorm(tape, packed, layout, queries, keys, epsilon)
                                : (tape, packed, layout) -> apart(tape, packed, layout, norm, queries, norm, keys));
            }
            case WIDTH -> {
                int queryWidth = config.heads() * size;
                int keyWidth = config.keyValueHeads() * size;
                Division byQueries = new Division.Rows((long) config.headsTogether(construction.tensorRanks()) * size);
                Weight queries = weight(construction, query, queryWidth, byQueries, offset);
                Weight keys = weight(construction, key, keyWidth, new Division.Rows(size), offset);
                GroupNorm queryNorm = norm(queryWidth, epsilon, offset);
                GroupNorm keyNorm = norm(keyWidth, epsilon, offset);
                yield Optional.of(
                        (tape, packed, layout) -> apart(tape, packed, layout, queryNorm, queries, keyNorm, keys));
            }
        };
    }

    private static GroupNorm norm(int size, float epsilon, int offset) {
        return new GroupNorm(GroupNorm.Form.RMS, size, epsilon, offset, GroupNorm.Gating.NONE);
    }

    private static Weight weight(Construction construction, String name, long count, Division division, int offset) {
        return construction
                .parameters()
                .add(new ParameterSpec(name, Shape.of(count), division, new Initialization.Constant(1 - offset)));
    }

    private static Variable apart(
            Tape tape,
            Variable packed,
            HeadLayout layout,
            GroupNorm queryNorm,
            Weight queries,
            GroupNorm keyNorm,
            Weight keys) {
        int queryColumns = layout.heads() * layout.headSize();
        int keyColumns = layout.kvHeads() * layout.headSize();
        List<Variable> parts = Columns.split(tape, packed, queryColumns, keyColumns, keyColumns);
        return Columns.join(
                tape,
                List.of(
                        Norms.of(tape, queryNorm, parts.get(0), Optional.empty(), Optional.of(queries)),
                        Norms.of(tape, keyNorm, parts.get(1), Optional.empty(), Optional.of(keys)),
                        parts.get(2)));
    }
}
