package dev.braid.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.WholeStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The optimizer against figures of PyTorch and optax, and what a resume needs of it. */
class AdamWTest {
    private static final AdamWConfig CONFIG = new AdamWConfig(0.01, List.of(0.9, 0.95), 1e-8, 0.1, Optional.of(1.0));

    @Test
    void shouldGiveThePublishedFiguresAfterThreeSteps() {
        try (Compute compute = new Compute(1, "vector", "adamw")) {
            List<Parameter> parameters = parameters(compute, Shape.of(1, 3));
            Parameter parameter = parameters.getFirst();
            AdamW optimizer = new AdamW(CONFIG, parameters, compute);
            for (int t = 1; t <= 3; t++) {
                parameter.gradient().setFloats(new float[] {0.1f * t, -0.2f * t, 0.3f / t});
                optimizer.step(0.01, 1);
            }
            float[] values = parameter.master().toFloats();
            assertThat((double) values[0]).isCloseTo(0.9680076137, within(2e-7));
            assertThat((double) values[1]).isCloseTo(-1.9650106117, within(4e-7));
            assertThat((double) values[2]).isCloseTo(0.4702602167, within(2e-7));
        }
    }

    @Test
    void shouldDecayMatricesButNotVectors() {
        try (Compute compute = new Compute(1, "vector", "adamw")) {
            List<Parameter> vectors = parameters(compute, Shape.of(3));
            List<Parameter> matrices = parameters(compute, Shape.of(1, 3));
            new AdamW(CONFIG, vectors, compute).step(0.01, 1);
            new AdamW(CONFIG, matrices, compute).step(0.01, 1);
            assertThat(vectors.getFirst().master().toFloats()).containsExactly(1, -2, 0.5f);
            // Without a gradient only the decay is left: 1 - lr * weight_decay.
            assertThat(matrices.getFirst().master().toFloats()).containsExactly(0.999f, -2 * 0.999f, 0.5f * 0.999f);
        }
    }

    @Test
    void shouldGoOnFromItsStateBitForBit() {
        try (Compute compute = new Compute(1, "vector", "adamw")) {
            List<Parameter> straight = parameters(compute, Shape.of(1, 3));
            AdamW optimizer = new AdamW(CONFIG, straight, compute);
            train(straight, optimizer, 1, 6);

            List<Parameter> first = parameters(compute, Shape.of(1, 3));
            AdamW before = new AdamW(CONFIG, first, compute);
            train(first, before, 1, 3);
            List<Parameter> second = parameters(compute, Shape.of(1, 3));
            AdamW after = new AdamW(CONFIG, second, compute);
            second.getFirst().master().copyFrom(first.getFirst().master());
            before.state(first.getFirst())
                    .forEach((name, tensor) ->
                            after.state(second.getFirst()).get(name).copyFrom(tensor));
            after.setUpdates(before.updates());
            train(second, after, 4, 6);

            assertThat(after.updates()).isEqualTo(6);
            assertThat(after.state(second.getFirst()).keySet()).containsExactly("m", "v");
            assertThat(second.getFirst().master().toFloats())
                    .containsExactly(straight.getFirst().master().toFloats());
        }
    }

    @Test
    void shouldClipToTheGlobalNorm() {
        try (Compute compute = new Compute(1, "vector", "adamw")) {
            List<Parameter> parameters = parameters(compute, Shape.of(1, 3));
            Parameter parameter = parameters.getFirst();
            parameter.gradient().setFloats(new float[] {2, -3, 6});
            GradientNorm norm = norm(compute, parameters, 3.5);
            assertThat(norm.norm()).isEqualTo(7);
            assertThat(norm.scale()).isEqualTo(3.5 / (7 + 1e-6));
            assertThat(norm(compute, parameters, 8).scale()).isEqualTo(1);
            assertThat(norm(compute, parameters, Double.POSITIVE_INFINITY).scale())
                    .isEqualTo(1);
            parameter.gradient().set(1, Float.POSITIVE_INFINITY);
            assertThat(norm(compute, parameters, 1).finite()).isFalse();
        }
    }

    @Test
    void shouldReportSettingsThatCannotBe() {
        List<String> faults = new ArrayList<>();
        new AdamWConfig(0, List.of(0.9), 0, -1, Optional.of(0.0))
                .validate((key, problem, fix) -> faults.add(key + ": " + problem));
        assertThat(faults)
                .containsExactly(
                        "lr: is 0.0, must be above 0",
                        "betas: is [0.9], must be two numbers from 0 to below 1",
                        "eps: is 0.0, must be above 0",
                        "weight_decay: is -1.0, must not be negative",
                        "clip: is 0.0, must be above 0");
    }

    private static GradientNorm norm(Compute compute, List<Parameter> parameters, double clip) {
        return GradientNorm.of(GradientNorm.squares(compute, parameters), 1, clip);
    }

    private static void train(List<Parameter> parameters, AdamW optimizer, int from, int to) {
        for (int t = from; t <= to; t++) {
            parameters.getFirst().gradient().setFloats(new float[] {0.1f * t, -0.2f * t, 0.3f / t});
            optimizer.step(0.01, 1);
        }
    }

    private static List<Parameter> parameters(Compute compute, Shape shape) {
        Parameters declared = new Parameters(DType.F32, 1, 0);
        declared.unit("unit");
        declared.add(new ParameterSpec("weight", shape, Division.WHOLE, new Initialization.Constant(0)));
        List<Parameter> parameters = new WholeStore(compute, declared).parameters();
        parameters.getFirst().master().setFloats(new float[] {1, -2, 0.5f});
        return parameters;
    }
}
