package dev.braid.tensor.attention;

import dev.braid.tensor.Compute;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The reference: the textbook formulas, one query row after the other, products added up in f32. */
final class ScalarAttention implements AttentionKernel {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    @Override
    public void forward(Compute compute, Problem problem, Operand o, long lse) {
        int heads = problem.heads();
        compute.workers().run(problem.spec().batch() * heads, task -> {
            for (int query = 0; query < problem.spec().queries(); query++) {
                forwardRow(problem, o, lse, task / heads, task % heads, query);
            }
        });
    }

    private static void forwardRow(Problem problem, Operand o, long lse, int batch, int head, int query) {
        AttentionSpec spec = problem.spec();
        float[] scores = scores(problem, batch, head, query);
        float maximum = Float.NEGATIVE_INFINITY;
        for (float score : scores) {
            maximum = Math.max(maximum, score);
        }
        boolean blind = maximum == Float.NEGATIVE_INFINITY;
        float sum = 0;
        for (int key = 0; key < scores.length; key++) {
            scores[key] = spec.sees(query, key) ? (float) Math.exp(scores[key] - maximum) : 0;
            sum += scores[key];
        }
        for (int column = 0; column < problem.valueSize(); column++) {
            float weighted = 0;
            for (int key = 0; key < scores.length; key++) {
                if (spec.sees(query, key)) {
                    long row = (long) batch * spec.keys() + key;
                    weighted += scores[key] * problem.v().get(row, head / problem.group(), column);
                }
            }
            float value = blind ? 0 : weighted / sum;
            o.set((long) batch * spec.queries() + query, head, column, value);
        }
        if (lse != 0) {
            float value = blind ? Float.NEGATIVE_INFINITY : maximum + (float) Math.log(sum);
            ALL.set(FLOAT, lse + 4 * problem.lseIndex(batch, head, query), value);
        }
    }

    /** Scores of the keys up to the last that {@code query} sees; minus infinity for one that it doesn't. */
    private static float[] scores(Problem problem, int batch, int head, int query) {
        AttentionSpec spec = problem.spec();
        float cap = spec.options().cap();
        float[] scores = new float[spec.keysEnd(query)];
        for (int key = 0; key < scores.length; key++) {
            if (!spec.sees(query, key)) {
                scores[key] = Float.NEGATIVE_INFINITY;
                continue;
            }
            float score =
                    spec.scale() * dot(problem, problem.headSize(), problem.q(), problem.k(), batch, head, query, key);
            scores[key] = spec.options().capped() ? cap * (float) Math.tanh(score / cap) : score;
        }
        return scores;
    }

    /** The derivative of a capped score by that before the cap. */
    private static float slope(AttentionOptions options, float score) {
        float tanh = options.capped() ? score / options.cap() : 0;
        return 1 - tanh * tanh;
    }

    private static float dot(
            Problem problem, int columns, Operand rows, Operand others, int batch, int head, int query, int key) {
        AttentionSpec spec = problem.spec();
        float sum = 0;
        for (int column = 0; column < columns; column++) {
            sum += rows.get((long) batch * spec.queries() + query, head, column)
                    * others.get((long) batch * spec.keys() + key, head / problem.group(), column);
        }
        return sum;
    }

    @Override
    public void backward(Compute compute, Problem problem, Gradients gradients) {
        int kvHeads = problem.kvHeads();
        compute.workers()
                .run(
                        problem.spec().batch() * kvHeads,
                        task -> backwardKeys(problem, gradients, task / kvHeads, task % kvHeads));
    }

    private static void backwardKeys(Problem problem, Gradients gradients, int batch, int kvHead) {
        AttentionSpec spec = problem.spec();
        int size = problem.headSize();
        int valueSize = problem.valueSize();
        float[] dk = new float[spec.keys() * size];
        float[] dv = new float[spec.keys() * valueSize];
        for (int member = 0; member < problem.group(); member++) {
            int head = kvHead * problem.group() + member;
            for (int query = 0; query < spec.queries(); query++) {
                backwardRow(problem, gradients, batch, head, query, dk, dv);
            }
        }
        for (int key = 0; key < spec.keys(); key++) {
            long row = (long) batch * spec.keys() + key;
            for (int column = 0; column < size; column++) {
                gradients.dk().set(row, kvHead, column, dk[key * size + column]);
            }
            for (int column = 0; column < valueSize; column++) {
                gradients.dv().set(row, kvHead, column, dv[key * valueSize + column]);
            }
        }
    }

    private static void backwardRow(
            Problem problem, Gradients gradients, int batch, int head, int query, float[] dk, float[] dv) {
        AttentionSpec spec = problem.spec();
        int size = problem.headSize();
        int valueSize = problem.valueSize();
        int kvHead = head / problem.group();
        long row = (long) batch * spec.queries() + query;
        float lse = ALL.get(FLOAT, gradients.lse() + 4 * problem.lseIndex(batch, head, query));
        float delta = 0;
        for (int column = 0; column < valueSize; column++) {
            delta += gradients.dO().get(row, head, column) * gradients.o().get(row, head, column);
        }
        float[] dq = new float[size];
        float[] scores = scores(problem, batch, head, query);
        for (int key = 0; key < scores.length; key++) {
            if (!spec.sees(query, key)) {
                continue;
            }
            float probability = (float) Math.exp(scores[key] - lse);
            float dp = dot(problem, problem.valueSize(), gradients.dO(), problem.v(), batch, head, query, key);
            float ds = probability * (dp - delta) * slope(spec.options(), scores[key]) * spec.scale();
            for (int column = 0; column < size; column++) {
                dq[column] += ds * problem.k().get((long) batch * spec.keys() + key, kvHead, column);
                dk[key * size + column] += ds * problem.q().get(row, head, column);
            }
            for (int column = 0; column < valueSize; column++) {
                dv[key * valueSize + column] += probability * gradients.dO().get(row, head, column);
            }
        }
        for (int column = 0; column < size; column++) {
            gradients.dq().set(row, head, column, dq[column]);
        }
    }
}
