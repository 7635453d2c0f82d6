package dev.braid.tensor.recurrence;

import dev.braid.tensor.Compute;
import dev.braid.tensor.attention.Operand;
import dev.braid.tensor.kernels.Addresses;
import java.util.List;

/**
 * The reference: the recurrence as it is written, one token after the other, in f32. Backward runs forward again from each
 * saved state and keeps the states of the tokens up to the next.
 */
final class ScalarRecurrence implements RecurrenceKernel {
    @Override
    public void forward(Compute compute, Problem problem, Outputs outputs) {
        compute.workers()
                .run(problem.spec().batch() * problem.heads(), task -> new ScalarHead(problem, task).forward(outputs));
    }

    @Override
    public void backward(Compute compute, Problem problem, Gradients gradients) {
        compute.workers()
                .run(
                        problem.spec().batch() * problem.heads(),
                        task -> new ScalarHead(problem, task).backward(gradients));
    }

    /** One head of one sequence. */
    private static final class ScalarHead {
        private final Problem problem;
        private final int task;
        private final int head;
        private final int dk;
        private final int dv;
        private final List<Chunk> chunks;

        ScalarHead(Problem problem, int task) {
            this.problem = problem;
            this.task = task;
            head = task % problem.heads();
            dk = problem.keySize();
            dv = problem.valueSize();
            chunks = problem.chunks().get(task / problem.heads());
        }

        void forward(Outputs outputs) {
            float[][] state = states(problem.initial(), task);
            for (int index = 0; index < chunks.size(); index++) {
                Chunk chunk = chunks.get(index);
                state = chunk.fresh() ? new float[dk][dv] : state;
                if (outputs.saved() != 0 && index % problem.spec().saveEvery() == 0) {
                    write(
                            state,
                            problem.savedAt(
                                    outputs.saved(),
                                    task,
                                    index / problem.spec().saveEvery()));
                }
                for (long row = chunk.first(); row < chunk.first() + chunk.length(); row++) {
                    float[][] next = next(state, row);
                    if (outputs.o() != null) {
                        set(outputs.o(), row, read(state, next, row));
                    }
                    state = next;
                }
            }
            if (outputs.finalState() != 0) {
                write(state, problem.stateAt(outputs.finalState(), task));
            }
        }

        private float[][] states(long address, int index) {
            return address == 0 ? new float[dk][dv] : load(problem.stateAt(address, index));
        }

        /** {@code S_t} from {@code S_{t-1}}. */
        private float[][] next(float[][] state, long row) {
            float[] w = decay(row);
            float[] k = get(problem.k(), row, dk);
            float[] v = problem.v() == null ? new float[dv] : get(problem.v(), row, dv);
            float[] b = problem.erase() == null ? new float[dk] : target(row);
            float[] p = erased(state, row);
            float[][] next = new float[dk][dv];
            for (int i = 0; i < dk; i++) {
                for (int j = 0; j < dv; j++) {
                    next[i][j] = w[i] * state[i][j] + b[i] * p[j] + k[i] * v[j];
                }
            }
            return next;
        }

        /** Where what is erased goes: b. */
        private float[] target(long row) {
            return get(problem.apart() ? problem.erase().b() : problem.k(), row, dk);
        }

        /** {@code a_t^T S_{t-1}}. */
        private float[] erased(float[][] state, long row) {
            return problem.erase() == null
                    ? new float[dv]
                    : leftProduct(get(problem.erase().a(), row, dk), state);
        }

        private float[] read(float[][] before, float[][] after, long row) {
            float[] q = get(problem.q(), row, dk);
            if (problem.spec().read() == Read.AFTER_WRITE) {
                return leftProduct(q, after);
            }
            float[] o = leftProduct(q, before);
            float[] k = get(problem.k(), row, dk);
            float[] v = get(problem.v(), row, dv);
            float factor = 0;
            for (int i = 0; i < dk; i++) {
                factor += q[i] * bonus(i) * k[i];
            }
            for (int j = 0; j < dv; j++) {
                o[j] += factor * v[j];
            }
            return o;
        }

        private float bonus(int i) {
            return problem.bonus() == 0 ? 0 : Addresses.getFloat(problem.bonus(), (long) head * dk + i);
        }

        private float[] decay(long row) {
            float[] w = new float[dk];
            for (int i = 0; i < dk; i++) {
                w[i] = (float) Math.exp(
                        switch (problem.decayKind()) {
                            case NONE -> 0;
                            case FIXED -> Addresses.getFloat(problem.fixedDecay(), head);
                            case SCALAR -> problem.decay().get(row, head, 0);
                            case VECTOR -> problem.decay().get(row, head, i);
                        });
            }
            return w;
        }

        void backward(Gradients gradients) {
            float[][] dS = states(gradients.finalState(), task);
            float[] totals = new float[dk + 1];
            int every = problem.spec().saveEvery();
            for (int group = (chunks.size() - 1) / every; group >= 0; group--) {
                List<Chunk> part = chunks.subList(group * every, Math.min((group + 1) * every, chunks.size()));
                dS = backward(part, load(problem.savedAt(gradients.saved(), task, group)), dS, gradients, totals);
            }
            if (gradients.initial() != 0) {
                write(dS, problem.stateAt(gradients.initial(), task));
            }
            if (gradients.bonus() != 0) {
                for (int i = 0; i < dk; i++) {
                    Addresses.setFloat(gradients.bonus(), (long) task * dk + i, totals[i]);
                }
            }
            if (gradients.fixedDecay() != 0) {
                Addresses.setFloat(gradients.fixedDecay(), task, totals[dk]);
            }
        }

        /** Through the chunks between two saved states. Returns the gradient of the state before them. */
        private float[][] backward(
                List<Chunk> part, float[][] start, float[][] dEnd, Gradients gradients, float[] totals) {
            long first = part.getFirst().first();
            Chunk last = part.getLast();
            int count = (int) (last.first() + last.length() - first);
            boolean[] fresh = new boolean[count];
            part.forEach(chunk -> fresh[(int) (chunk.first() - first)] = chunk.fresh());
            float[][][] before = new float[count + 1][][];
            before[0] = start;
            for (int t = 0; t < count; t++) {
                before[t] = fresh[t] ? new float[dk][dv] : before[t];
                before[t + 1] = next(before[t], first + t);
            }
            float[][] dS = dEnd;
            for (int t = count - 1; t >= 0; t--) {
                // The state after a token is what the next starts from, unless that is fresh.
                dS = backward(first + t, before[t], next(before[t], first + t), dS, gradients, totals);
                dS = fresh[t] ? new float[dk][dv] : dS;
            }
            return dS;
        }

        /** Through one token, given the gradient of the state after it. */
        private float[][] backward(
                long row, float[][] before, float[][] after, float[][] dAfter, Gradients gradients, float[] totals) {
            float[] q = get(problem.q(), row, dk);
            float[] k = get(problem.k(), row, dk);
            float[] v = get(problem.v(), row, dv);
            float[] dO = get(new Shared(gradients.dO(), 1), row, dv);
            boolean readsAfter = problem.spec().read() == Read.AFTER_WRITE;
            float[] dq = rightProduct(readsAfter ? after : before, dO);
            float[][] dS = readsAfter ? plusOuter(dAfter, q, dO) : dAfter;
            float[] dKey = rightProduct(dS, v);
            float[] dValue = leftProduct(k, dS);
            float[] w = decay(row);
            float[] dLogW = new float[dk];
            float[][] dBefore = new float[dk][dv];
            for (int i = 0; i < dk; i++) {
                for (int j = 0; j < dv; j++) {
                    dLogW[i] += w[i] * before[i][j] * dS[i][j];
                    dBefore[i][j] = w[i] * dS[i][j];
                }
            }
            if (problem.erase() != null) {
                float[] a = get(problem.erase().a(), row, dk);
                float[] dTarget = rightProduct(dS, erased(before, row));
                if (problem.apart()) {
                    set(gradients.erase().b(), row, dTarget);
                } else {
                    addTo(dKey, dTarget);
                }
                float[] dP = leftProduct(target(row), dS);
                set(gradients.erase().a(), row, rightProduct(before, dP));
                dBefore = plusOuter(dBefore, a, dP);
            }
            if (!readsAfter) {
                dBefore = plusOuter(dBefore, q, dO);
                float factor = dot(dO, v);
                float read = 0;
                for (int i = 0; i < dk; i++) {
                    float u = bonus(i);
                    dq[i] += factor * u * k[i];
                    dKey[i] += factor * u * q[i];
                    totals[i] += factor * q[i] * k[i];
                    read += q[i] * u * k[i];
                }
                for (int j = 0; j < dv; j++) {
                    dValue[j] += read * dO[j];
                }
            }
            set(gradients.q(), row, dq);
            set(gradients.k(), row, dKey);
            set(gradients.v(), row, dValue);
            writeDecay(gradients, row, dLogW, totals);
            return dBefore;
        }

        private void writeDecay(Gradients gradients, long row, float[] dLogW, float[] totals) {
            float sum = 0;
            for (float value : dLogW) {
                sum += value;
            }
            totals[dk] += sum;
            if (gradients.decay() != null) {
                set(gradients.decay(), row, problem.decayKind() == DecayKind.SCALAR ? new float[] {sum} : dLogW);
            }
        }

        /** {@code x^T S}. */
        private static float[] leftProduct(float[] x, float[][] state) {
            float[] product = new float[state[0].length];
            for (int i = 0; i < x.length; i++) {
                for (int j = 0; j < product.length; j++) {
                    product[j] += x[i] * state[i][j];
                }
            }
            return product;
        }

        /** {@code S y}. */
        private static float[] rightProduct(float[][] state, float[] y) {
            float[] product = new float[state.length];
            for (int i = 0; i < product.length; i++) {
                product[i] = dot(state[i], y);
            }
            return product;
        }

        private static void addTo(float[] sum, float[] x) {
            for (int i = 0; i < x.length; i++) {
                sum[i] += x[i];
            }
        }

        private static float dot(float[] x, float[] y) {
            float sum = 0;
            for (int i = 0; i < x.length; i++) {
                sum += x[i] * y[i];
            }
            return sum;
        }

        /** {@code S + x y^T}. */
        private static float[][] plusOuter(float[][] state, float[] x, float[] y) {
            float[][] sum = new float[x.length][y.length];
            for (int i = 0; i < x.length; i++) {
                for (int j = 0; j < y.length; j++) {
                    sum[i][j] = state[i][j] + x[i] * y[j];
                }
            }
            return sum;
        }

        private float[] get(Shared shared, long row, int size) {
            float[] values = new float[size];
            for (int i = 0; i < size; i++) {
                values[i] = shared.operand().get(row, shared.index(head), i);
            }
            return values;
        }

        private void set(Operand operand, long row, float[] values) {
            for (int i = 0; i < values.length; i++) {
                operand.set(row, head, i, values[i]);
            }
        }

        private float[][] load(long address) {
            float[][] state = new float[dk][dv];
            for (int i = 0; i < dk; i++) {
                for (int j = 0; j < dv; j++) {
                    state[i][j] = Addresses.getFloat(address, (long) i * dv + j);
                }
            }
            return state;
        }

        private void write(float[][] state, long address) {
            for (int i = 0; i < dk; i++) {
                for (int j = 0; j < dv; j++) {
                    Addresses.setFloat(address, (long) i * dv + j, state[i][j]);
                }
            }
        }
    }
}
