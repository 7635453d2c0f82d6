package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Functions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code -beta_t alpha_t k_t}, with which a delta rule reads its state before the decay (Yang et al. 2024, arXiv 2412.06464):
 * together with k it erases what the decayed state holds for a key. Backward computes alpha again from its logarithm, so that
 * nothing is kept beside the inputs. Used by one thread.
 */
public final class DeltaErase {
    private final Tape tape;
    private final Compute compute;
    private final Variable k;
    private final Variable beta;
    private final Optional<Variable> log;
    private final int size;
    private final int heads;
    private final boolean forRows;

    private DeltaErase(Tape tape, Variable k, Variable beta, Optional<Variable> log, int size) {
        this.tape = tape;
        this.compute = tape.compute();
        this.k = k;
        this.beta = beta;
        this.log = log;
        this.size = size;
        this.heads = beta.columns();
        this.forRows = log.isPresent() && log.get().columns() == heads * size && size > 1;
    }

    /**
     * Makes what is read with.
     *
     * @param k keys [n, G dk]; neighbouring heads share one where G is less than H
     * @param beta F32 [n, H]
     * @param log of alpha, F32 [n, H], or [n, H dk] for a decay of each row of the state; nothing decays without it
     * @param size dk
     * @return [n, H dk] in the dtype of k
     */
    public static Variable of(Tape tape, Variable k, Variable beta, Optional<Variable> log, int size) {
        return new DeltaErase(tape, k, beta, log, size).forward();
    }

    private Variable forward() {
        Tensor out = tape.output(k.value().dtype(), wide());
        Tensor keys = keys();
        Tensor factors = factors();
        scale(keys, factors, out, forRows);
        keys.release();
        factors.release();
        List<Tensor> saved = new ArrayList<>(List.of(k.value(), beta.value()));
        log.ifPresent(decay -> saved.add(decay.value()));
        return tape.record(out, k.tokenRows(), saved, this::backward, null);
    }

    private Shape wide() {
        return Shape.of(k.rows(), (long) heads * size);
    }

    /** A key for each head; the caller releases it. */
    private Tensor keys() {
        if (k.columns() == heads * size) {
            return k.value().retain();
        }
        Tensor copies = tape.temporary(k.value().dtype(), wide());
        Functions.repeatHeads(compute, k.value(), copies, size);
        return copies;
    }

    /** F32 as its logarithm; the caller releases it. */
    private Tensor alpha(Tensor logarithm) {
        Tensor alpha = tape.temporary(DType.F32, logarithm.shape());
        Functions.apply(compute, ElementFunction.EXP, logarithm, alpha);
        return alpha;
    }

    /** {@code -beta alpha}, F32 [n, H] or [n, H dk]; the caller releases it. */
    private Tensor factors() {
        Tensor factors;
        if (log.isEmpty()) {
            factors = tape.temporary(DType.F32, beta.value().shape());
            Elementwise.convert(compute, beta.value(), factors);
        } else {
            factors = alpha(log.get().value());
            scale(factors, beta.value(), factors, !forRows);
        }
        Elementwise.scale(compute, factors, -1);
        return factors;
    }

    /** {@code out = x * factors}, of which each is for one element of x or for a head; {@code out} may be x. */
    private void scale(Tensor x, Tensor factors, Tensor out, boolean byElement) {
        if (byElement) {
            Functions.multiply(compute, x, factors, out);
        } else {
            Functions.scaleHeads(compute, x, factors, out);
        }
    }

    private void backward(Tensor gradient) {
        Tensor keys = keys();
        // The gradient of the factors, for each column or summed over those of a head.
        Tensor products = tape.temporary(DType.F32, log.orElse(beta).value().shape());
        if (forRows) {
            Functions.multiply(compute, gradient, keys, products);
        } else {
            Functions.dotHeads(compute, gradient, keys, products);
        }
        keys.release();
        passBeta(products);
        Tensor factors = factors();
        passKeys(gradient, factors);
        if (log.isPresent()) {
            // d(-beta e^log) / d(log) is the factor itself.
            Functions.multiply(compute, products, factors, products);
            tape.addGradient(log.get(), products);
        } else {
            products.release();
        }
        factors.release();
    }

    private void passBeta(Tensor products) {
        Tensor sums = tape.temporary(DType.F32, beta.value().shape());
        if (log.isEmpty()) {
            Elementwise.convert(compute, products, sums);
        } else {
            Tensor alpha = alpha(log.get().value());
            if (forRows) {
                Functions.dotHeads(compute, products, alpha, sums);
            } else {
                Functions.multiply(compute, products, alpha, sums);
            }
            alpha.release();
        }
        Elementwise.scale(compute, sums, -1);
        tape.addGradient(beta, sums);
    }

    private void passKeys(Tensor gradient, Tensor factors) {
        Tensor perHead = tape.temporary(k.value().dtype(), wide());
        scale(gradient, factors, perHead, forRows);
        if (k.columns() == heads * size) {
            tape.addGradient(k, perHead);
            return;
        }
        Tensor sums = tape.temporary(k.value().dtype(), k.value().shape());
        Functions.sumGroups(compute, perHead, sums, k.columns() / size, size);
        perHead.release();
        tape.addGradient(k, sums);
    }
}
