package dev.braid.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.GradientNorm;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.Parameter;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Memory and skipped steps of the training step. */
class StepMemoryTest {
    private final ParityCase parity = ParityCase.all().get(1);

    @Test
    void shouldHoldTheSameBytesAfterStep200AsAfterStep2() {
        try (Compute compute = new Compute(2, "auto", "memory")) {
            Decoder model = model(compute);
            TrainStep step = step(model, new AdamW(ParityCase.OPTIMIZER, model.parameters(), compute));
            step.run(0, parity.samples(0));
            step.run(1, parity.samples(1));
            Map<Category, Long> early = live(compute);
            long peak = compute.memory().peak();
            long reserved = compute.memory().reserved();
            for (int s = 2; s < 200; s++) {
                step.run(s, parity.samples(s % ParityCase.STEPS));
            }
            assertThat(live(compute)).isEqualTo(early);
            assertThat(compute.memory().peak()).isEqualTo(peak);
            assertThat(compute.memory().reserved()).isEqualTo(reserved);
            assertThat(early.get(Category.ACTIVATIONS)).isZero();
        }
    }

    @Test
    void shouldCountFourBytesAWeightForMasterGradientAndEachMomentAndTwoForTheCopy() {
        try (Compute compute = new Compute(1, "auto", "memory")) {
            Decoder model = model(compute);
            new AdamW(ParityCase.OPTIMIZER, model.parameters(), compute);
            long count = model.parameterCount();
            long matrices = model.parameters().stream()
                    .filter(Parameter::decays)
                    .mapToLong(Parameter::count)
                    .sum();
            // Blocks are rounded up to 64 bytes each.
            assertThat(compute.memory().live(Category.PARAMETERS))
                    .isBetween(4 * count + 2 * matrices, 4 * count + 2 * matrices + 4096);
            assertThat(compute.memory().live(Category.GRADIENTS)).isBetween(4 * count, 4 * count + 4096);
            assertThat(compute.memory().live(Category.OPTIMIZER)).isBetween(8 * count, 8 * count + 4096);
        }
    }

    @Test
    void shouldSkipAStepWhoseGradientIsNotFinite() {
        try (Compute compute = new Compute(2, "auto", "memory")) {
            Decoder model = model(compute);
            AdamW optimizer = new AdamW(ParityCase.OPTIMIZER, model.parameters(), compute);
            Parameter broken = model.parameters().getLast();
            float before = broken.master().get(0);
            broken.master().set(0, Float.NaN);
            float[] other = model.parameters().getFirst().master().toFloats();
            StepResult result = step(model, optimizer).run(0, parity.samples(0));
            assertThat(result.skipped()).isTrue();
            assertThat(optimizer.updates()).isZero();
            assertThat(model.parameters().getFirst().master().toFloats()).containsExactly(other);
            broken.master().set(0, before);
            assertThat(step(model, optimizer).run(1, parity.samples(1)).skipped())
                    .isFalse();
            assertThat(optimizer.updates()).isOne();
        }
    }

    @Test
    void shouldGiveTheSameBitsOnOneTwoAndThreeCores() {
        List<Double> losses = List.of(lossAfterTwoSteps(1), lossAfterTwoSteps(2), lossAfterTwoSteps(3));
        assertThat(losses).containsOnly(losses.getFirst());
    }

    @Test
    void shouldSumSquaresOverAllParameters() {
        try (Compute compute = new Compute(2, "auto", "memory")) {
            Decoder model = model(compute);
            model.parameters().get(0).gradient().set(3, 3);
            model.parameters().get(1).gradient().set(0, 4);
            GradientNorm norm = GradientNorm.of(GradientNorm.squares(compute, model.parameters()), 1, 2.5);
            assertThat(norm.norm()).isEqualTo(5);
            assertThat(norm.scale()).isEqualTo(2.5 / (5 + 1e-6));
        }
    }

    private double lossAfterTwoSteps(int cores) {
        try (Compute compute = new Compute(cores, "auto", "cores")) {
            Decoder model = model(compute);
            TrainStep step = step(model, new AdamW(ParityCase.OPTIMIZER, model.parameters(), compute));
            step.run(0, parity.samples(0));
            step.run(1, parity.samples(1));
            return step.run(2, parity.samples(2)).loss();
        }
    }

    private Decoder model(Compute compute) {
        Decoder model = new Decoder(parity.model(), parity.vocabulary(), compute, DType.BF16);
        model.initialize(1);
        return model;
    }

    private TrainStep step(Decoder model, AdamW optimizer) {
        return new TrainStep(
                model,
                optimizer,
                new StepSettings(1e-3, 1.0, ParityCase.SCHEDULE, ParityCase.TOTAL_STEPS, parity.microbatch(), false, 1),
                RankGroup.ALONE);
    }

    private static Map<Category, Long> live(Compute compute) {
        Map<Category, Long> live = new EnumMap<>(Category.class);
        for (Category category : Category.values()) {
            live.put(category, compute.memory().live(category));
        }
        return live;
    }
}
