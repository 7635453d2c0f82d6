package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.FiniteDifferences.dot;
import static dev.braid.tensor.ops.Fixture.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.GroupNorm.Form;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.ops.GroupNorm.Operands;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class GroupNormTest {
    private static final float EPSILON = 1e-5f;

    /** Everything a norm reads, in f64; empty arrays for what it does not have. */
    private record Values(double[] x, double[] gate, double[] weight, double[] bias) {}

    /** The definition, in f64; rows of {@code columns}. */
    private static double[] forward(GroupNorm norm, int columns, Values values) {
        int size = norm.size();
        double[] y = new double[values.x.length];
        for (int start = 0; start < y.length; start += size) {
            double[] source = new double[size];
            double mean = 0;
            for (int j = 0; j < size; j++) {
                double gate = norm.gating() == Gating.SILU_BEFORE ? silu(values.gate[start + j]) : 1;
                source[j] = values.x[start + j] * gate;
                mean += source[j] / size;
            }
            double squares = 0;
            for (int j = 0; j < size; j++) {
                source[j] -= norm.form() == Form.CENTERED ? mean : 0;
                squares += source[j] * source[j];
            }
            double spread = norm.form() == Form.UNIT_LENGTH ? squares : squares / size;
            for (int j = 0; j < size; j++) {
                int i = start + j;
                int column = i % columns;
                double weight = values.weight.length == 0
                        ? 1
                        : values.weight[column % values.weight.length] + norm.weightOffset();
                double bias = values.bias.length == 0 ? 0 : values.bias[column];
                y[i] = (source[j] / Math.sqrt(spread + norm.epsilon()) * weight + bias) * after(norm, values, i);
            }
        }
        return y;
    }

    private static double after(GroupNorm norm, Values values, int i) {
        return switch (norm.gating()) {
            case NONE, SILU_BEFORE -> 1;
            case SILU_AFTER -> silu(values.gate[i]);
            case SIGMOID_AFTER -> 1 / (1 + Math.exp(-values.gate[i]));
        };
    }

    private static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    /** A norm with random operands. */
    private record Case(GroupNorm norm, int columns, Operands operands) {
        static Case of(Fixture fixture, GroupNorm norm, DType dtype, int rows, int columns, int weights) {
            boolean bias = norm.form() == Form.CENTERED;
            return new Case(
                    norm,
                    columns,
                    new Operands(
                            fixture.random(dtype, rows, columns),
                            norm.gating() == Gating.NONE
                                    ? Optional.empty()
                                    : Optional.of(fixture.random(dtype, rows, columns)),
                            weights == 0 ? Optional.empty() : Optional.of(fixture.random(DType.F32, weights)),
                            bias ? Optional.of(fixture.random(DType.F32, columns)) : Optional.empty()));
        }

        Values values() {
            return new Values(
                    doubles(operands.x()), all(operands.gate()), all(operands.weight()), all(operands.bias()));
        }

        private static double[] all(Optional<Tensor> tensor) {
            return tensor.map(Fixture::doubles).orElse(new double[0]);
        }

        int rows() {
            return (int) operands.x().shape().rows();
        }
    }

    private static List<GroupNorm> forms(int size) {
        List<GroupNorm> forms = new ArrayList<>();
        for (Gating gating : Gating.values()) {
            forms.add(GroupNorm.rms(size, EPSILON).withGating(gating));
        }
        forms.add(GroupNorm.rms(size, EPSILON).withWeightOffset(1).withGating(Gating.SILU_AFTER));
        forms.add(new GroupNorm(Form.CENTERED, size, EPSILON, 0, Gating.NONE));
        forms.add(new GroupNorm(Form.UNIT_LENGTH, size, EPSILON, 0, Gating.NONE));
        return forms;
    }

    /** (3, 4) has the mean square 12.5 and the length 5; (1, 5) less its mean is (-2, 2), whose mean square is 4. */
    @Test
    void shouldGiveHandComputedFigures() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.of(DType.F32, 3, 4, 1, 5).reshape(2, 2);
            Tensor out = fixture.zeros(DType.F32, 2, 2);
            Tensor inverse = fixture.zeros(DType.F32, 2, 1);
            Tensor weight = fixture.of(DType.F32, 1, 10);
            Operands plain = new Operands(x, Optional.empty(), Optional.of(weight), Optional.empty());
            // 12.5 and 13, with 12.5 added: the first root is 5.
            GroupNorm.rms(2, 12.5f).forward(fixture.compute(), plain, out, inverse, GroupNorm.Exchange.NONE);
            assertThat(inverse.get(0)).isEqualTo(0.2f);
            assertThat(out.rows(0, 1).toFloats()).containsExactly(3 * 0.2f, 4 * 0.2f * 10);
            new GroupNorm(Form.UNIT_LENGTH, 2, 0, 0, Gating.NONE)
                    .forward(
                            fixture.compute(),
                            new Operands(x, Optional.empty(), Optional.empty(), Optional.empty()),
                            out,
                            inverse,
                            GroupNorm.Exchange.NONE);
            assertThat(out.rows(0, 1).toFloats()).containsExactly(3 * 0.2f, 4 * 0.2f);
            new GroupNorm(Form.CENTERED, 2, 0, 0, Gating.NONE)
                    .forward(
                            fixture.compute(),
                            new Operands(x, Optional.empty(), Optional.of(weight), Optional.of(weight)),
                            out,
                            inverse,
                            GroupNorm.Exchange.NONE);
            assertThat(out.rows(1, 1).toFloats()).containsExactly(-1 + 1, 10 + 10);
        }
    }

    /** A gate of 0: silu is 0, sigmoid is a half. */
    @Test
    void shouldPutTheGateWhereItIsAskedFor() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.of(DType.F32, 2, 2).reshape(1, 2);
            Tensor gate = fixture.of(DType.F32, 0, 1000).reshape(1, 2);
            Tensor out = fixture.zeros(DType.F32, 1, 2);
            Tensor inverse = fixture.zeros(DType.F32, 1, 1);
            Operands operands = new Operands(x, Optional.of(gate), Optional.empty(), Optional.empty());
            GroupNorm norm = GroupNorm.rms(2, 0);
            norm.withGating(Gating.SILU_AFTER)
                    .forward(fixture.compute(), operands, out, inverse, GroupNorm.Exchange.NONE);
            assertThat(out.toFloats()).containsExactly(0, 1000);
            norm.withGating(Gating.SIGMOID_AFTER)
                    .forward(fixture.compute(), operands, out, inverse, GroupNorm.Exchange.NONE);
            assertThat(out.toFloats()).containsExactly(0.5f, 1);
            // (0, 2000) has the mean square 2000^2 / 2.
            norm.withGating(Gating.SILU_BEFORE)
                    .forward(fixture.compute(), operands, out, inverse, GroupNorm.Exchange.NONE);
            assertThat(out.get(0)).isZero();
            assertThat(out.get(1)).isCloseTo((float) Math.sqrt(2), offset(1e-6f));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldNormaliseGroupsOfAnySize(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int size : new int[] {1, 3, 16, 33, 64, 257}) {
                for (GroupNorm norm : forms(size)) {
                    int columns = 3 * size;
                    for (int weights : new int[] {0, size, columns}) {
                        assertForward(fixture, Case.of(fixture, norm, dtype, 5, columns, weights));
                    }
                }
            }
        }
    }

    private static void assertForward(Fixture fixture, Case operands) {
        DType dtype = operands.operands.x().dtype();
        Tensor out = fixture.zeros(dtype, operands.rows(), operands.columns);
        Tensor inverse = fixture.zeros(DType.F32, operands.rows(), 3);
        operands.norm.forward(fixture.compute(), operands.operands, out, inverse, GroupNorm.Exchange.NONE);
        double[] expected = forward(operands.norm, operands.columns, operands.values());
        for (int i = 0; i < expected.length; i++) {
            double tolerance = 2e-6 * (1 + Math.abs(expected[i]));
            fixture.assertClose(out, i, expected[i], tolerance, operands.norm.toString());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAgreeWithFiniteDifferences(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int size : new int[] {3, 17}) {
                for (GroupNorm norm : forms(size)) {
                    for (int weights : new int[] {0, size, 2 * size}) {
                        assertGradients(fixture, Case.of(fixture, norm, dtype, 4, 2 * size, weights));
                    }
                }
            }
        }
    }

    private static void assertGradients(Fixture fixture, Case operands) {
        Operands given = operands.operands;
        DType dtype = given.x().dtype();
        int rows = operands.rows();
        int columns = operands.columns;
        GroupNorm norm = operands.norm;
        Tensor dOut = fixture.random(dtype, rows, columns);
        Tensor inverse = fixture.zeros(DType.F32, rows, 2);
        norm.forward(fixture.compute(), given, fixture.zeros(dtype, rows, columns), inverse, GroupNorm.Exchange.NONE);
        Tensor dx = fixture.zeros(dtype, rows, columns);
        Optional<Tensor> dGate = given.gate().map(gate -> fixture.zeros(dtype, rows, columns));
        Optional<Tensor> dWeight = given.weight().map(weight -> fixture.zeros(DType.F32, weight.count()));
        Optional<Tensor> dBias = given.bias().map(bias -> fixture.zeros(DType.F32, columns));
        norm.inputGradient(fixture.compute(), dOut, given, inverse, dx, dGate, GroupNorm.Exchange.NONE);
        norm.weightGradient(fixture.compute(), dOut, given, inverse, dWeight, dBias);
        double[] d = doubles(dOut);
        Values v = operands.values();
        assertClose(
                fixture,
                norm + " dx",
                dx,
                FiniteDifferences.gradient(
                        v.x, moved -> dot(d, forward(norm, columns, new Values(moved, v.gate, v.weight, v.bias)))));
        dGate.ifPresent(gate -> assertClose(
                fixture,
                norm + " dGate",
                gate,
                FiniteDifferences.gradient(
                        v.gate, moved -> dot(d, forward(norm, columns, new Values(v.x, moved, v.weight, v.bias))))));
        dWeight.ifPresent(weight -> assertClose(
                fixture,
                norm + " dWeight",
                weight,
                FiniteDifferences.gradient(
                        v.weight, moved -> dot(d, forward(norm, columns, new Values(v.x, v.gate, moved, v.bias))))));
        dBias.ifPresent(bias -> assertClose(
                fixture,
                norm + " dBias",
                bias,
                FiniteDifferences.gradient(
                        v.bias, moved -> dot(d, forward(norm, columns, new Values(v.x, v.gate, v.weight, moved))))));
    }

    private static void assertClose(Fixture fixture, String what, Tensor actual, double[] expected) {
        for (int i = 0; i < expected.length; i++) {
            fixture.assertClose(actual, i, expected[i], 3e-5 * Math.max(1, Math.abs(expected[i])), what);
        }
    }

    /** 200 rows of ones times ones, normalised by 1: each of 2 columns gets 200, and a weight that both share 400. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAddWeightGradientsOfManyRowsToWhatIsThere(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor ones = fixture.zeros(DType.F32, 200, 2);
            ones.setFloats(filled(400));
            Tensor inverse = fixture.zeros(DType.F32, 200, 2);
            inverse.setFloats(filled(400));
            for (int weights : new int[] {1, 2}) {
                Tensor dWeight = fixture.zeros(DType.F32, weights);
                dWeight.set(0, 3);
                Tensor weight = fixture.zeros(DType.F32, weights);
                Operands operands = new Operands(ones, Optional.empty(), Optional.of(weight), Optional.empty());
                GroupNorm.rms(1, 0)
                        .weightGradient(
                                fixture.compute(), ones, operands, inverse, Optional.of(dWeight), Optional.empty());
                assertThat(dWeight.toFloats())
                        .containsExactly(weights == 1 ? new float[] {403} : new float[] {203, 200});
            }
        }
    }

    private static float[] filled(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** One group of 6 columns of which two ranks have 4 and 2: their statistics are added up in between. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldNormaliseAGroupThatRanksDivide(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (Gating gating : Gating.values()) {
                GroupNorm norm = GroupNorm.rms(6, EPSILON).withGating(gating);
                Case whole = Case.of(fixture, norm, DType.F32, 3, 6, 6);
                Tensor dOut = fixture.random(DType.F32, 3, 6);
                float[][] expected = run(fixture, whole, dOut, sums -> {
                    throw new AssertionError("nothing to add up");
                });
                Case left = part(fixture, whole, 0, 4);
                Case right = part(fixture, whole, 4, 2);
                // What each rank would send, from a run with an exchange that only listens; the other then adds it.
                List<float[]> sentByLeft = new ArrayList<>();
                List<float[]> sentByRight = new ArrayList<>();
                Tensor dLeft = columns(fixture, dOut, 0, 4);
                Tensor dRight = columns(fixture, dOut, 4, 2);
                forwardOnly(fixture, left, sentByLeft);
                forwardOnly(fixture, right, sentByRight);
                float[] squares = sum(sentByLeft.getFirst(), sentByRight.getFirst());
                dotsOnly(fixture, left, dLeft, squares, sentByLeft);
                dotsOnly(fixture, right, dRight, squares, sentByRight);
                float[] dots = sum(sentByLeft.get(1), sentByRight.get(1));
                assertPart(run(fixture, left, dLeft, replay(squares, dots)), expected, 0, 4);
                assertPart(run(fixture, right, dRight, replay(squares, dots)), expected, 4, 2);
            }
        }
    }

    private static GroupNorm.Exchange replay(float[] squares, float[] dots) {
        int[] calls = new int[1];
        return sums -> sums.setFloats(calls[0]++ == 0 ? squares : dots);
    }

    private static void forwardOnly(Fixture fixture, Case operands, List<float[]> sent) {
        Tensor out = fixture.zeros(DType.F32, 3, operands.columns);
        operands.norm.forward(
                fixture.compute(),
                operands.operands,
                out,
                fixture.zeros(DType.F32, 3, 1),
                sums -> sent.add(sums.toFloats()));
    }

    private static void dotsOnly(Fixture fixture, Case operands, Tensor dOut, float[] squares, List<float[]> sent) {
        run(fixture, operands, dOut, new GroupNorm.Exchange() {
            private boolean forward = true;

            @Override
            public void sum(Tensor sums) {
                if (forward) {
                    sums.setFloats(squares);
                    forward = false;
                } else {
                    sent.add(sums.toFloats());
                }
            }
        });
    }

    private static float[] sum(float[] a, float[] b) {
        float[] sum = a.clone();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += b[i];
        }
        return sum;
    }

    private static Tensor columns(Fixture fixture, Tensor whole, int first, int width) {
        Tensor part = fixture.zeros(DType.F32, whole.shape().rows(), width);
        Elementwise.copyColumns(fixture.compute(), whole, first, width, part, 0);
        return part;
    }

    private static Case part(Fixture fixture, Case whole, int first, int width) {
        Operands all = whole.operands;
        Tensor weight = fixture.zeros(DType.F32, width);
        Tensor row = all.weight().orElseThrow().reshape(1, whole.columns);
        Elementwise.copyColumns(fixture.compute(), row, first, width, weight.reshape(1, width), 0);
        return new Case(
                whole.norm,
                width,
                new Operands(
                        columns(fixture, all.x(), first, width),
                        all.gate().map(gate -> columns(fixture, gate, first, width)),
                        Optional.of(weight),
                        Optional.empty()));
    }

    /** Output, gradient of x, of the gate (or of x again) and of the weight. */
    private static float[][] run(Fixture fixture, Case operands, Tensor dOut, GroupNorm.Exchange exchange) {
        int columns = operands.columns;
        Tensor out = fixture.zeros(DType.F32, 3, columns);
        Tensor inverse = fixture.zeros(DType.F32, 3, 1);
        Tensor dx = fixture.zeros(DType.F32, 3, columns);
        Tensor dWeight = fixture.zeros(DType.F32, columns);
        Optional<Tensor> dGate = operands.operands.gate().map(gate -> fixture.zeros(DType.F32, 3, columns));
        operands.norm.forward(fixture.compute(), operands.operands, out, inverse, exchange);
        operands.norm.inputGradient(fixture.compute(), dOut, operands.operands, inverse, dx, dGate, exchange);
        operands.norm.weightGradient(
                fixture.compute(), dOut, operands.operands, inverse, Optional.of(dWeight), Optional.empty());
        return new float[][] {out.toFloats(), dx.toFloats(), dGate.orElse(dx).toFloats(), dWeight.toFloats()};
    }

    private static void assertPart(float[][] actual, float[][] whole, int first, int width) {
        for (int i = 0; i < actual.length; i++) {
            for (int j = 0; j < actual[i].length; j++) {
                float expected = whole[i][j / width * 6 + first + j % width];
                assertThat(actual[i][j])
                        .as("result %d, element %d", i, j)
                        .isCloseTo(expected, offset(1e-5f * (1 + Math.abs(expected))));
            }
        }
    }

    @Test
    void shouldGiveTheSameBitsOnOneTwoAndFourCores() {
        float[] one = results(1);
        assertThat(Arrays.equals(results(2), one)).as("2 cores").isTrue();
        assertThat(Arrays.equals(results(4), one)).as("4 cores").isTrue();
    }

    private static float[] results(int cores) {
        try (Fixture fixture = new Fixture("vector", cores)) {
            Case operands = Case.of(
                    fixture, GroupNorm.rms(67, EPSILON).withGating(Gating.SILU_AFTER), DType.BF16, 333, 201, 67);
            Tensor out = fixture.zeros(DType.BF16, 333, 201);
            Tensor inverse = fixture.zeros(DType.F32, 333, 3);
            Tensor dWeight = fixture.zeros(DType.F32, 67);
            operands.norm.forward(fixture.compute(), operands.operands, out, inverse, GroupNorm.Exchange.NONE);
            operands.norm.weightGradient(
                    fixture.compute(), out, operands.operands, inverse, Optional.of(dWeight), Optional.empty());
            Tensor dx = fixture.zeros(DType.BF16, 333, 201);
            Tensor dGate = fixture.zeros(DType.BF16, 333, 201);
            operands.norm.inputGradient(
                    fixture.compute(),
                    out,
                    operands.operands,
                    inverse,
                    dx,
                    Optional.of(dGate),
                    GroupNorm.Exchange.NONE);
            float[] all = new float[3 * 333 * 201 + 67];
            System.arraycopy(out.toFloats(), 0, all, 0, 333 * 201);
            System.arraycopy(dx.toFloats(), 0, all, 333 * 201, 333 * 201);
            System.arraycopy(dGate.toFloats(), 0, all, 2 * 333 * 201, 333 * 201);
            System.arraycopy(dWeight.toFloats(), 0, all, 3 * 333 * 201, 67);
            return all;
        }
    }

    @Test
    void shouldRefuseWhatDoesNotFit() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.zeros(DType.F32, 2, 6);
            Tensor out = fixture.zeros(DType.F32, 2, 6);
            Tensor inverse = fixture.zeros(DType.F32, 2, 1);
            Operands plain = new Operands(x, Optional.empty(), Optional.empty(), Optional.empty());
            assertThatThrownBy(() -> GroupNorm.rms(4, EPSILON)
                            .forward(fixture.compute(), plain, out, inverse, GroupNorm.Exchange.NONE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("group_norm.forward: groups of 4 columns must divide the 6 columns of x,"
                            + " or be larger where ranks divide a group");
            assertThatThrownBy(() -> GroupNorm.rms(6, EPSILON)
                            .withGating(Gating.SILU_AFTER)
                            .forward(fixture.compute(), plain, out, inverse, GroupNorm.Exchange.NONE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("group_norm.forward: a gate must be given with gating SILU_AFTER");
            assertThatThrownBy(() -> GroupNorm.rms(6, EPSILON)
                            .forward(fixture.compute(), plain, x, inverse, GroupNorm.Exchange.NONE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("out must not be x or the gate itself");
            assertThatThrownBy(() -> GroupNorm.rms(12, EPSILON)
                            .forward(fixture.compute(), plain, out, inverse, GroupNorm.Exchange.NONE))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("there is no exchange");
        }
    }
}
