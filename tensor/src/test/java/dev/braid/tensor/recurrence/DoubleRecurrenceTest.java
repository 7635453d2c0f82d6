package dev.braid.tensor.recurrence;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/** The reference that the kernels are held to, against figures from outside and central differences. */
class DoubleRecurrenceTest {
    private static final List<String> SYSTEMS = Golden.SYSTEMS;
    private static final List<String> WITH_GRADIENTS = Golden.WITH_GRADIENTS;
    private static final double STEP = 1e-5;
    private static final int SEED = 3;

    private static void close(String what, double[][] actual, double[][] expected, double bound) {
        assertThat(Golden.distance(actual, expected).orElseThrow())
                .as("%s, seed %d", what, SEED)
                .isLessThan(bound);
    }

    @ParameterizedTest
    @FieldSource("SYSTEMS")
    void shouldGiveTheGoldenOutputsAndStates(String system) {
        DoubleRecurrence run = Golden.inputs(system).forward();
        close("o", run.o, Golden.matrix(system, "o"), 1e-9);
        close("S", run.state, Golden.matrix(system, "S"), 1e-9);
    }

    @Test
    void shouldReadBeforeTheWriteWithABonusAsRwkv6() {
        DoubleRecurrence run = Golden.rwkv6().forward();
        close("o", run.o, Golden.matrix("rwkv6", "o"), 1e-9);
        close("S", run.state, Golden.matrix("rwkv6", "S"), 1e-9);
    }

    @ParameterizedTest
    @FieldSource("WITH_GRADIENTS")
    void shouldGiveTheGoldenGradients(String system) {
        DoubleRecurrence run = Golden.inputs(system).backward(Golden.outputGradient(), new double[4][3]);
        close("dq", run.dq, Golden.matrix(system, "dq"), 1e-9);
        close("dk", run.dk, Golden.matrix(system, "dk"), 1e-9);
        close("dv", run.dv, Golden.matrix(system, "dv"), 1e-9);
        close("dlogw", run.dLogDecay, Golden.matrix(system, "dlogw"), 1e-9);
        close("da", run.da, Golden.matrix(system, "da"), 1e-9);
        close("db", run.db, Golden.matrix(system, "db"), 1e-9);
    }

    @ParameterizedTest
    @EnumSource(Read.class)
    void shouldGiveTheGradientsOfFiniteDifferences(Read read) {
        Random random = new Random(SEED);
        int length = 6;
        DoubleRecurrence run = RecurrenceCase.randomHead(random, length, 4, 3);
        run.read = read;
        run.documents = new int[] {7, 7, 7, 7, 1, 1};
        double[][] dO = RecurrenceCase.random(random, length, 3);
        double[][] dFinal = RecurrenceCase.random(random, 4, 3);
        run.backward(dO, dFinal);
        differences(run, "q", run.q, run.dq, dO, dFinal);
        differences(run, "k", run.k, run.dk, dO, dFinal);
        differences(run, "v", run.v, run.dv, dO, dFinal);
        differences(run, "logDecay", run.logDecay, run.dLogDecay, dO, dFinal);
        differences(run, "a", run.a, run.da, dO, dFinal);
        differences(run, "b", run.b, run.db, dO, dFinal);
        differences(run, "bonus", new double[][] {run.bonus}, new double[][] {run.dBonus}, dO, dFinal);
        differences(run, "initial", run.initial, run.dInitial, dO, dFinal);
    }

    private static void differences(
            DoubleRecurrence run, String name, double[][] x, double[][] gradient, double[][] dO, double[][] dFinal) {
        double[][] expected = new double[x.length][x[0].length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x[i].length; j++) {
                double value = x[i][j];
                x[i][j] = value + STEP;
                double above = loss(run, dO, dFinal);
                x[i][j] = value - STEP;
                expected[i][j] = (above - loss(run, dO, dFinal)) / (2 * STEP);
                x[i][j] = value;
            }
        }
        close("gradient of " + name, gradient, expected, 1e-8);
    }

    private static double loss(DoubleRecurrence run, double[][] dO, double[][] dFinal) {
        run.forward();
        return DoubleRecurrence.dot(run.o, dO) + DoubleRecurrence.dot(run.state, dFinal);
    }
}
