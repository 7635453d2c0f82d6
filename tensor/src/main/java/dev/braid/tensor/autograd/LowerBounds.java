package dev.braid.tensor.autograd;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * Lower bounds of forget gates that grow with the layer (Qin et al. 2023, arXiv 2311.04823, section 3.2): for each column, with p
 * the softmax over layers of a parameter, {@code b_l = p_1 + ... + p_l}, nothing in layer 0 and below one in all.
 */
public final class LowerBounds {
    private LowerBounds() {}

    /**
     * The bounds in the two forms that gates want them in.
     *
     * @param weight one row for each layer [L, C]
     * @return F32 [2 L, C]: row l is {@code log b_l}, row {@code L + l} is {@code 1 - b_l}. Row 0, whose logarithm there is not, is
     *     zero
     */
    public static Variable of(Tape tape, Weight weight) {
        int layers = weight.rows();
        int columns = weight.columns();
        Tensor shares = tape.output(DType.F32, Shape.of(layers, columns));
        shares.setFloats(shares(weight.compute()));
        Tensor out = tape.output(DType.F32, Shape.of(2L * layers, columns));
        float[] forms = new float[2 * layers * columns];
        for (int column = 0; column < columns; column++) {
            double[] bounds = bounds(shares, column);
            for (int layer = 0; layer < layers; layer++) {
                forms[layer * columns + column] = layer == 0 ? 0 : (float) Math.log(bounds[layer]);
                forms[(layers + layer) * columns + column] = (float) (1 - bounds[layer]);
            }
        }
        out.setFloats(forms);
        return tape.record(
                out,
                List.of(shares),
                gradient -> {},
                gradient -> addGradient(shares, gradient.toFloats(), weight.gradient()));
    }

    /** Softmax of each column. */
    private static float[] shares(Tensor weight) {
        int layers = Math.toIntExact(weight.shape().rows());
        int columns = Math.toIntExact(weight.shape().columns());
        float[] values = weight.toFloats();
        for (int column = 0; column < columns; column++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int layer = 0; layer < layers; layer++) {
                largest = Math.max(largest, values[layer * columns + column]);
            }
            double sum = 0;
            for (int layer = 0; layer < layers; layer++) {
                sum += Math.exp(values[layer * columns + column] - largest);
            }
            for (int layer = 0; layer < layers; layer++) {
                int at = layer * columns + column;
                values[at] = (float) (Math.exp(values[at] - largest) / sum);
            }
        }
        return values;
    }

    /** The bounds of one column, by layer. */
    private static double[] bounds(Tensor shares, int column) {
        double[] bounds = new double[Math.toIntExact(shares.shape().rows())];
        for (int layer = 1; layer < bounds.length; layer++) {
            bounds[layer] =
                    bounds[layer - 1] + shares.get(layer * shares.shape().columns() + column);
        }
        return bounds;
    }

    private static void addGradient(Tensor shares, float[] gradient, Tensor target) {
        int layers = Math.toIntExact(shares.shape().rows());
        int columns = Math.toIntExact(shares.shape().columns());
        for (int column = 0; column < columns; column++) {
            double[] bounds = bounds(shares, column);
            double[] dShares = new double[layers];
            double mean = 0;
            // Share l is in the bounds of layer l and of all later ones; the first one is in none.
            double later = 0;
            for (int layer = layers - 1; layer > 0; layer--) {
                double dForms = gradient[layer * columns + column] / bounds[layer];
                later += dForms - gradient[(layers + layer) * columns + column];
                dShares[layer] = later;
                mean += shares.get((long) layer * columns + column) * later;
            }
            for (int layer = 0; layer < layers; layer++) {
                long at = (long) layer * columns + column;
                target.set(at, (float) (target.get(at) + shares.get(at) * (dShares[layer] - mean)));
            }
        }
    }
}
