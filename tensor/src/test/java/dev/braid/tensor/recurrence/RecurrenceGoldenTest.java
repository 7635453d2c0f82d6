package dev.braid.tensor.recurrence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.kernels.Widths;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The golden figures in f32, with chunks of 4 of the 8 tokens: every system goes the way of a decay by row, with a and b. */
@Tag("widths")
class RecurrenceGoldenTest {
    private static final double BOUND = 2e-5;
    private static final RecurrenceSpec SPEC = new RecurrenceSpec(1, 8, 4, 1, Read.AFTER_WRITE);

    @BeforeEach
    void checkWidth() {
        Widths.assumeSupported();
    }

    static Stream<Arguments> kernelsAndSystems() {
        return Stream.of("scalar", "vector")
                .flatMap(name -> Golden.SYSTEMS.stream().map(system -> Arguments.of(name, system)));
    }

    static Stream<Arguments> kernelsAndGradients() {
        return Stream.of("scalar", "vector")
                .flatMap(name -> Golden.WITH_GRADIENTS.stream().map(system -> Arguments.of(name, system)));
    }

    private static Tensor tensor(Compute compute, double[][] values) {
        return RecurrenceCase.states(compute, new double[][][] {values});
    }

    private static Heads head(Compute compute, double[][] values) {
        return Heads.of(tensor(compute, values), values[0].length);
    }

    private static RecurrenceInputs inputs(Compute compute, DoubleRecurrence head) {
        return RecurrenceInputs.of(head(compute, head.q), head(compute, head.k), head(compute, head.v))
                .withDecay(Decay.perToken(head(compute, head.logDecay)))
                .withErase(Erase.apart(head(compute, head.a), head(compute, head.b)));
    }

    private static void close(String name, Tensor actual, double[][] expected) {
        int index = 0;
        for (double[] row : expected) {
            for (double value : row) {
                assertThat(Math.abs(actual.get(index) - value))
                        .as("%s, element %d", name, index)
                        .isLessThan(BOUND);
                index++;
            }
        }
        assertThat(actual.count()).isEqualTo(index);
    }

    private static Compute compute(String kernels) {
        return new Compute(1, "vector", "test", KernelProviders.byName(kernels));
    }

    @ParameterizedTest
    @MethodSource("kernelsAndSystems")
    void shouldGiveTheGoldenOutputsAndStates(String kernels, String system) {
        try (Compute compute = compute(kernels)) {
            Heads o = head(compute, new double[8][3]);
            Tensor state = tensor(compute, new double[4][3]);
            RecurrenceInputs inputs = inputs(compute, Golden.inputs(system));
            Recurrence.forward(compute, SPEC, inputs, o, Optional.empty(), Optional.of(state));
            close("o", o.tensor(), Golden.matrix(system, "o"));
            close("S", state, Golden.matrix(system, "S"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void shouldReadBeforeTheWriteWithABonusAsRwkv6(String kernels) {
        try (Compute compute = compute(kernels)) {
            DoubleRecurrence head = Golden.rwkv6();
            Heads o = head(compute, new double[8][3]);
            Tensor state = tensor(compute, new double[4][3]);
            RecurrenceInputs inputs = inputs(compute, head).withBonus(tensor(compute, new double[][] {head.bonus}));
            RecurrenceSpec spec = SPEC.withRead(Read.BEFORE_WRITE);
            Recurrence.forward(compute, spec, inputs, o, Optional.empty(), Optional.of(state));
            close("o", o.tensor(), Golden.matrix("rwkv6", "o"));
            close("S", state, Golden.matrix("rwkv6", "S"));
        }
    }

    @ParameterizedTest
    @MethodSource("kernelsAndGradients")
    void shouldGiveTheGoldenGradients(String kernels, String system) {
        try (Compute compute = compute(kernels)) {
            RecurrenceInputs inputs = inputs(compute, Golden.inputs(system));
            Heads o = head(compute, new double[8][3]);
            Tensor saved = Recurrence.allocateSaved(compute, SPEC, inputs);
            Recurrence.forward(compute, SPEC, inputs, o, Optional.of(saved), Optional.empty());
            Heads[] gradients = new Heads[6];
            String[] names = {"dq", "dk", "dv", "da", "db", "dlogw"};
            for (int i = 0; i < names.length; i++) {
                gradients[i] = head(compute, new double[8][i == 2 ? 3 : 4]);
            }
            Recurrence.backward(
                    compute,
                    SPEC,
                    inputs,
                    saved,
                    head(compute, Golden.outputGradient()),
                    Optional.empty(),
                    RecurrenceGradients.of(gradients[0], gradients[1], gradients[2])
                            .withErase(Erase.apart(gradients[3], gradients[4]))
                            .withDecay(gradients[5]));
            for (int i = 0; i < names.length; i++) {
                close(names[i], gradients[i].tensor(), Golden.matrix(system, names[i]));
                assertThat(gradients[i].tensor().dtype()).isEqualTo(DType.F32);
            }
        }
    }

    /** Their b is -k: with the sign at a instead, b is k. */
    @ParameterizedTest
    @ValueSource(strings = {"gated_delta", "kda"})
    void shouldGiveTheGoldenGradientsOfDeltaRulesAlongTheirKeys(String system) {
        for (String kernels : List.of("scalar", "vector")) {
            try (Compute compute = compute(kernels)) {
                DoubleRecurrence golden = Golden.inputs(system);
                for (int t = 0; t < 8; t++) {
                    assertThat(golden.b[t]).isEqualTo(times(-1, golden.k)[t]);
                }
                RecurrenceInputs inputs = RecurrenceInputs.of(
                                head(compute, golden.q), head(compute, golden.k), head(compute, golden.v))
                        .withDecay(Decay.perToken(head(compute, golden.logDecay)))
                        .withErase(Erase.along(head(compute, times(-1, golden.a))));
                Heads o = head(compute, new double[8][3]);
                Tensor state = tensor(compute, new double[4][3]);
                Tensor saved = Recurrence.allocateSaved(compute, SPEC, inputs);
                Recurrence.forward(compute, SPEC, inputs, o, Optional.of(saved), Optional.of(state));
                close("o", o.tensor(), Golden.matrix(system, "o"));
                close("S", state, Golden.matrix(system, "S"));
                Heads dK = head(compute, new double[8][4]);
                Heads dV = head(compute, new double[8][3]);
                Heads dA = head(compute, new double[8][4]);
                Heads dDecay = head(compute, new double[8][4]);
                Recurrence.backward(
                        compute,
                        SPEC,
                        inputs,
                        saved,
                        head(compute, Golden.outputGradient()),
                        Optional.empty(),
                        RecurrenceGradients.of(head(compute, new double[8][4]), dK, dV)
                                .withErase(Erase.along(dA))
                                .withDecay(dDecay));
                double[][] expected = times(-1, Golden.matrix(system, "db"));
                for (int t = 0; t < 8; t++) {
                    for (int i = 0; i < 4; i++) {
                        expected[t][i] += Golden.matrix(system, "dk")[t][i];
                    }
                }
                close("dk", dK.tensor(), expected);
                close("dv", dV.tensor(), Golden.matrix(system, "dv"));
                close("da", dA.tensor(), times(-1, Golden.matrix(system, "da")));
                close("dlogw", dDecay.tensor(), Golden.matrix(system, "dlogw"));
            }
        }
    }

    private static double[][] times(double factor, double[][] matrix) {
        return Arrays.stream(matrix)
                .map(row -> Arrays.stream(row).map(value -> factor * value).toArray())
                .toArray(double[][]::new);
    }

    /** The scalar decays by their own path, without a and b. */
    @ParameterizedTest
    @ValueSource(strings = {"linear", "retnet h0", "lightning", "simple_gla", "mamba2"})
    void shouldGiveTheGoldenOutputsOfScalarDecays(String system) {
        try (Compute compute = compute("vector")) {
            DoubleRecurrence head = Golden.inputs(system);
            double[][] decay = new double[8][];
            for (int t = 0; t < 8; t++) {
                decay[t] = new double[] {head.logDecay[t][0]};
            }
            Heads o = head(compute, new double[8][3]);
            Tensor state = tensor(compute, new double[4][3]);
            RecurrenceInputs inputs = RecurrenceInputs.of(
                            head(compute, head.q), head(compute, head.k), head(compute, head.v))
                    .withDecay(Decay.perToken(head(compute, decay)));
            Recurrence.forward(compute, SPEC, inputs, o, Optional.empty(), Optional.of(state));
            close("o", o.tensor(), Golden.matrix(system, "o"));
            close("S", state, Golden.matrix(system, "S"));
        }
    }
}
